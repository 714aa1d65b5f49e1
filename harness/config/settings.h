#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// What a scenario sets once for all its cells, in the order of scenarios/README.md.
const std::vector<std::string>& setting_names();

// Sets one setting of `cell`; relative paths are taken from `folder` and stored absolute.
// Error at `value` where it is unknown, of the wrong type or out of range.
void apply_setting(const std::string& name, const YamlValue& value,
                   const std::filesystem::path& folder, CellConfig& cell);

// Every entry of a `settings` mapping.
void apply_settings(const YamlValue& settings, const std::filesystem::path& folder,
                    CellConfig& cell);

}  // namespace moebench::config
