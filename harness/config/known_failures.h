#pragma once

#include <vector>

#include "harness/config/axes.h"
#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// Marks the cells that an entry of `known_failures` names: [{where: {axis: value or list}, reason,
// until: YYYY-MM-DD}]. Of two entries for one cell the first counts. Error where an entry names no
// cell, unless `may_match_nothing`.
void mark_known_failures(const YamlValue& entries, const AxisContext& context,
                         bool may_match_nothing, std::vector<CellConfig>& cells);

}  // namespace moebench::config
