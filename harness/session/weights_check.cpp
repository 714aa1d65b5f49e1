#include "harness/session/weights_check.h"

#include <filesystem>
#include <set>
#include <tuple>

#include "harness/weights/checkpoint_files.h"
#include "harness/weights/parameters.h"

namespace moebench::session {
namespace {

bool is_needed(const weights::ParameterSpec& parameter, config::LoadTensors tensors) {
  switch (tensors) {
    case config::LoadTensors::kAll:
      return true;
    case config::LoadTensors::kExperts:
      return parameter.name.find(".block_sparse_moe.") != std::string::npos;
  }
  return true;
}

void check(const config::CellConfig& cell) {
  weights::CheckpointFiles files(cell.load_from);
  for (const weights::ParameterSpec& parameter : weights::model_parameters(cell.model)) {
    if (is_needed(parameter, cell.load.tensors)) files.find(parameter.name, parameter.shape);
  }
}

}  // namespace

void check_weights(const std::vector<config::CellConfig>& cells, bool may_leave_host) {
  std::set<std::tuple<std::string, std::string, std::string, config::LoadTensors>> checked;
  for (const config::CellConfig& cell : cells) {
    if (cell.load_from.empty() || !cell.resume_from.empty() || cell.known_failure) continue;
    std::error_code ignored;
    if (may_leave_host && !std::filesystem::exists(cell.load_from, ignored)) continue;
    // Models of one name are told apart by where they were found.
    const auto& model = cell.model;
    const bool is_new =
        checked.emplace(cell.load_from, model.path, model.name, cell.load.tensors).second;
    if (is_new) check(cell);
  }
}

}  // namespace moebench::session
