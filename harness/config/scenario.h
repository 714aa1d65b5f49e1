#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/overrides.h"

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
  // Instead of what the file says, and checked as that is. Cells that become the same are merged,
  // exclusions and baselines may match nothing; a default ep_degree follows the ranks, a written
  // one must still divide them.
  Overrides values = {};
  std::vector<std::string> only = {};  // the scenarios that they are for; empty: all
};

// Parses, validates and expands a scenario file (syntax: scenarios/README.md). Error where it is
// wrong, or where its only scenario cannot run here; every one names file, line and remedy:
// "scenarios/x.yaml:12: unknown key 'axis'; did you mean 'axes'?".
std::vector<Scenario> load_scenarios(const std::filesystem::path& path,
                                     const ScenarioOverrides& options = {});

}  // namespace moebench::config
