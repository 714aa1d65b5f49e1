#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/table.h"

namespace moebench::reports {

// Whether a cell was trained by another engine than moebench's own.
bool has_other_engines(const ScenarioCells& scenario);

// The metrics at the head of a report: tensor memory, runtime and tokens/s. Where no cell is
// moebench's own, the memory of processes stands in place of the tensors', the trainer's own
// tokens/s in place of one that nothing was counted for, and what was not measured is left out.
std::vector<const char*> headline_metrics(const ScenarioCells& scenario);

// Shows the ok cells as the driver saw their processes, and what other trainers say of themselves.
// Empty where moebench's own engine trained all.
Table process_table(const ScenarioCells& scenario);

// Says of each other engine its version, who reads its logs, and what its numbers mean.
std::vector<std::string> engine_lines(const ScenarioCells& scenario);

}  // namespace moebench::reports
