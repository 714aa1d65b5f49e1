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
  // Why it cannot run here, with its place; it has no cells then. That is no fault of the file: it
  // asks for a model that is not there, or is fms-acceleration's and means what it alone can do.
  std::string cannot_run;
};

struct ScenarioOverrides {
  // Instead of what the file says, in every cell. Cells that become the same are merged; a default
  // ep_degree follows, a written one must still divide.
  std::optional<std::int64_t> ranks = {};
};

// Parses, validates and expands a scenario file (syntax: scenarios/README.md). Error where it is
// wrong, or where its only scenario cannot run here; every one names file, line and remedy:
// "scenarios/x.yaml:12: unknown key 'axis'; did you mean 'axes'?".
std::vector<Scenario> load_scenarios(const std::filesystem::path& path,
                                     const ScenarioOverrides& options = {});

}  // namespace moebench::config
