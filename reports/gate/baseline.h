#pragma once

#include <string>
#include <vector>

#include "reports/gate/gate.h"

namespace moebench::gate {

// The runs that a baseline is made of: of a session of pairs the candidate's, else all; of a cell
// that several programs have measured those of the latest.
std::vector<record::CellRecord> baseline_runs(std::vector<record::CellRecord> records);

// The fingerprint of all records. Error where there are none, or where they differ.
record::Environment common_fingerprint(const std::vector<record::CellRecord>& records);

// Exact metrics of `records` against a baseline's; times are not compared, since nothing pairs
// them. Cells are matched by id; missing, new and changed ones (same axes, other settings) are
// listed. NotComparable where the fingerprints differ or no cell is in both.
Report compare_with_baseline(const std::string& name,
                             const std::vector<record::CellRecord>& baseline,
                             const std::vector<record::CellRecord>& records,
                             const std::string& today);

}  // namespace moebench::gate
