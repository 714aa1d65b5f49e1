#pragma once

#include "reports/write/cells.h"
#include "reports/write/table.h"

namespace moebench::reports {

// Geometric means of the headline metrics over the cells that all results folders have in common
// and that are ok in each, a row a folder, with their ratios to the first; empty where the cells
// are of one folder.
Table common_means_table(const ScenarioCells& scenario);

}  // namespace moebench::reports
