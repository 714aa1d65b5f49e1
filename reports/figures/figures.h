#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"
#include "reports/compare/disturbance.h"
#include "reports/gate/gate.h"
#include "reports/gate/history.h"
#include "reports/write/document.h"
#include "reports/write/profile.h"
#include "reports/write/write.h"

// Reports with their pictures, for the formats that show some (format.h). All of it is a function
// of records; numbers come from where the tables have theirs.
namespace moebench::reports {

// report_document with the pictures of each scenario: those that answer behind its first table, the
// others at its end. Of those that there is one a cell of, `most_of_cells` at most.
Document illustrated_report(std::vector<record::CellRecord> records,
                            const AxisValues& reference = {}, const ComparisonOptions& options = {},
                            std::size_t most_of_cells = static_cast<std::size_t>(-1));
// That many a browser opens at once, and more nobody looks through.
inline constexpr std::size_t kMostOfCells = 200;

// profile_document likewise.
Document illustrated_profile(const std::vector<record::CellRecord>& records,
                             const ProfileOptions& options);

// machine_document likewise.
Document illustrated_machine(const record::MachineReport& report);

// The log ratio of every pair of a session in the order of pairs, one picture a cell and time
// metric, with the interval that `report` found and the slowdown that a pass rules out.
std::vector<Figure> gate_figures(const gate::Report& report,
                                 const std::vector<record::CellRecord>& records,
                                 const compare::DisturbanceRules& rules);

// Step time, of loads load time, and peak memory of each cell over a baseline's generations.
std::vector<Figure> history_figures(const std::vector<gate::Generation>& generations);

}  // namespace moebench::reports
