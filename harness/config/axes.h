#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/config/axis_table.h"
#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// One value of one axis, checked on its own.
struct AxisValue {
  std::string axis;
  std::string text;  // canonical, as CellConfig::axes() prints it
  std::string key;   // what tells it from other values, see Axis::key
  std::function<void(CellConfig&)> apply;
  YamlValue source;
};

// The axes in printing order.
const std::vector<std::string>& axis_names();

// What names and relative paths of a scenario mean.
struct AxisContext {
  AxisContext(std::filesystem::path scenario_folder) : folders(std::move(scenario_folder)) {}

  Folders folders;
  std::vector<std::string> parameters{};  // of the scenario, which are axes as well
};

// Throws Error at `value` where it is of the wrong type, or where no model of that name is found.
AxisValue parse_axis(const std::string& axis, const YamlValue& value, const AxisContext& context);

// Axes and the keys of the values that meet it.
using Condition = std::map<std::string, std::set<std::string>>;

// {axis: value or list}. Error at `source` where it is empty; `purpose` is the remedy.
Condition read_condition(const YamlValue& source, const AxisContext& context, const char* purpose);

// Whether every entry is met.
bool matches(const Condition& condition, const CellConfig& cell);

// Layers gathered ahead in a cell that does not say: 0 on a CPU, whose cores compute and carry the
// messages (1 costs 3 to 6 % there), 1 with `cuda`, and with `auto`, which is for machines that may
// have GPUs. By what the file says alone, so that a cell is the same on every machine. Where
// nothing is trained it is without effect: the initial value.
std::int64_t default_prefetch(const CellConfig& cell);

// As transformers: whether the model's output_router_logits is set. Where the loss has no weight,
// or nothing is trained, it is without effect: the initial value.
bool default_router_aux_loss(const CellConfig& cell);

// Largest degree that divides both the ranks and the experts, gcd(ranks, num_experts), with ep; 1
// with others.
std::int64_t default_ep_degree(const CellConfig& cell);

// Largest degree that leaves several copies, with hsdp; 0 with others, or where there is none.
std::int64_t default_shard_degree(const CellConfig& cell);

// The config.json that a model name means, tried in this order: a path that ends in .json, a
// folder that holds config.json or a model of the Hugging Face cache (both relative to where paths
// begin, then to the scenario's folder), a name in model_folders(). Error lists what there is.
std::filesystem::path resolve_model(const YamlValue& name, const Folders& folders);

}  // namespace moebench::config
