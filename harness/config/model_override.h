#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/json_reader.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// Keys of a config.json that are set otherwise than the file says, in order.
using ModelKeys = std::vector<std::pair<std::string, YamlValue>>;

// A model as it is written where one is named: NAME, or {base: NAME, KEY: VALUE, ...}.
struct WrittenModel {
  YamlValue base;
  ModelKeys keys = {};
};
// Error where a mapping has no base, or nothing beside it.
WrittenModel read_written_model(const YamlValue& value);

// Reads a config.json with these keys set; the model's name and path say which differ from the
// file's values, in alphabetical order: "tiny(num_hidden_layers=2 num_local_experts=4)". Error
// where the file or a key is wrong: Unsupported where the file alone is, of which `keys` say
// nothing.
ModelConfig load_model_config(const std::filesystem::path& path, const ModelKeys& keys);

// The model of a config.json that is read already; `path` names it.
ModelConfig read_model_config(const JsonObject& config, const std::filesystem::path& path);

}  // namespace moebench::config
