#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/config/axes.h"
#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// What a scenario's cells are compared with: its axes in the order written, and the first cell that
// has their values.
struct Baseline {
  std::vector<std::string> axes;
  std::size_t cell = 0;
};

// Reads {axis: value}. Where no cell has a value, or none all of them: Error at that place, or with
// `may_match_nothing` no baseline.
std::optional<Baseline> read_baseline(const YamlValue& source, const AxisContext& context,
                                      bool may_match_nothing, const std::vector<CellConfig>& cells);

// "parallelism=fsdp,expert_kernel=grouped", as the cell says the axes.
std::string baseline_text(const std::vector<std::string>& axes, const CellConfig& cell);

}  // namespace moebench::config
