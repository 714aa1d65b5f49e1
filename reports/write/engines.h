#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/table.h"

namespace moebench::reports {

// Whether a cell was trained by another engine than moebench's own.
bool has_other_engines(const ScenarioCells& scenario);

// Shows the ok cells as the driver saw their processes, and what other trainers say of themselves.
// Empty where moebench's own engine trained all.
Table process_table(const ScenarioCells& scenario);

// Says of each other engine its version, who reads its logs, and what its numbers mean.
std::vector<std::string> engine_lines(const ScenarioCells& scenario);

}  // namespace moebench::reports
