#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "harness/config/expand.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// fms-acceleration's benchmark scenarios as they are written: `framework_config` names what is
// compared, `arguments` are the trainer's. Both are translated to axes and settings.

using Frameworks = std::map<std::string, Choice>;  // name ("(null)" = none) -> axis values

// The built-in table, and `table` (may be null) over it: an entry replaces the one of its name.
Frameworks read_frameworks(const YamlValue* table, const std::filesystem::path& folder);

// One choice a framework, in the order listed.
Dimension framework_dimension(const YamlValue& framework_config, const Frameworks& frameworks);

// Axes go to `dimensions` (a list multiplies), settings to `cell`. A null argument is not set.
// Returns the names of the settings that were set.
std::set<std::string> read_arguments(const YamlValue& arguments,
                                     const std::filesystem::path& folder,
                                     std::vector<Dimension>& dimensions, CellConfig& cell);

}  // namespace moebench::config
