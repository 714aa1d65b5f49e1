#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/config/scenario.h"

namespace moebench::config {

// The path of a model without what all have: "/runs/1/final" of "/runs/1/final/config.json",
// "/models/tiny" of "/models/tiny.json".
std::string model_path(const std::filesystem::path& config_file);

// Labels the models of all cells (ModelConfig::label). Models of the same name and dimensions are
// one.
void label_models(std::vector<Scenario>& scenarios);

}  // namespace moebench::config
