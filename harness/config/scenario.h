#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::config {

struct Scenario {
  std::string name;
  std::string description;
  bool slow = false;  // runs only when named
  std::vector<CellConfig> cells;
};

struct ScenarioOverrides {
  // Instead of what the file says, in every cell. Cells that become the same are merged; a default
  // ep_degree follows, a written one must still divide.
  std::optional<std::int64_t> ranks = {};
};

// Parses, validates and expands a scenario file (syntax: scenarios/README.md).
// Every error names file, line and remedy: "scenarios/x.yaml:12: unknown key 'axis'; did you mean
// 'axes'?".
std::vector<Scenario> load_scenarios(const std::filesystem::path& path,
                                     const ScenarioOverrides& options = {});

}  // namespace moebench::config
