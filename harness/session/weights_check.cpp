#include "harness/session/weights_check.h"

#include <filesystem>
#include <set>
#include <tuple>

#include "harness/base/error.h"
#include "harness/base/system_error.h"
#include "harness/config/json_reader.h"
#include "harness/config/model_keys.h"
#include "harness/weights/checkpoint_files.h"
#include "harness/weights/parameters.h"

namespace moebench::session {
namespace {

bool is_needed(const weights::ParameterSpec& parameter, config::LoadTensors tensors) {
  switch (tensors) {
    case config::LoadTensors::kAll:
      return true;
    case config::LoadTensors::kExperts:
      return parameter.role == partition::Role::kRouter || partition::is_of_experts(parameter.role);
  }
  return true;
}

// A checkpoint's own file says so, also where the scenario names the model by another one.
void check_is_not_quantised(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "config.json";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return;
  const std::string method = config::quantisation_of(config::JsonObject::load_file(path));
  if (method.empty()) return;
  throw Error(
      "{}: key 'quantization_config' says that the weights are quantised ({}); load a checkpoint "
      "in "
      "bf16 or fp32, or leave load_from out: the weights are seeded then",
      path.string(), method);
}

void check(const config::CellConfig& cell) {
  check_is_not_quantised(cell.load_from);
  weights::CheckpointFiles files(cell.load_from);
  for (const weights::ParameterSpec& parameter : weights::model_parameters(cell.model)) {
    if (is_needed(parameter, cell.load.tensors)) files.find(parameter.name, parameter.shape);
  }
}

// A checkpoint of the model that a scenario cuts down may fit, or not.
void check_with_remedy(const config::CellConfig& cell) {
  try {
    check(cell);
  } catch (const SystemError&) {
    throw;
  } catch (const Error& error) {
    if (!cell.model.overridden) throw;
    throw Error("{}; or leave load_from out: the weights of {} are seeded then", error.what(),
                cell.model.name);
  }
}

}  // namespace

void check_weights(const std::vector<config::CellConfig>& cells, bool may_leave_host,
                   Problems& problems) {
  std::set<std::tuple<std::string, std::string, std::string, config::LoadTensors>> checked;
  for (const config::CellConfig& cell : cells) {
    if (cell.load_from.empty() || !cell.resume_from.empty()) continue;
    std::error_code ignored;
    if (may_leave_host && !std::filesystem::exists(cell.load_from, ignored)) continue;
    // Models of one name are told apart by where they were found.
    const auto& model = cell.model;
    const bool is_new =
        checked.emplace(cell.load_from, model.path, model.name, cell.load.tensors).second;
    if (is_new) problems.collect([&] { check_with_remedy(cell); });
  }
}

}  // namespace moebench::session
