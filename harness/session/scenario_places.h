#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/config/cell.h"
#include "harness/record/record.h"

namespace moebench::session {

// The scenarios that have a cell (launch::scenario_places) and those `before`, which the cell's
// record had: of other files, at their places, and of this one what it still has, in its order. So
// a renamed scenario loses its old name, and no other one its rows. A scenario that was not asked
// for keeps its baseline.
std::vector<record::ScenarioPlace> all_places(const config::CellConfig& cell,
                                              const std::vector<record::ScenarioPlace>& before);

// What the scenario file says of a recorded cell now: its scenarios, and how its model is called.
// False where the record says that already.
bool update_names(const config::CellConfig& cell, record::CellRecord& record);

// What scenarios compare their cells with, by name and file; also those without a baseline.
using Baselines = std::map<std::pair<std::string, std::string>, std::string>;
Baselines baselines_of(const std::vector<config::CellConfig>& cells);

// What the scenarios compare with now, in a record of any cell of them: one scenario has one
// baseline. False where the record says that already.
bool update_baselines(const Baselines& baselines, record::CellRecord& record);

}  // namespace moebench::session
