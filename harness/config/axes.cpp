#include "harness/config/axes.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/hub_cache.h"
#include "harness/config/limits.h"
#include "harness/config/mesh.h"
#include "harness/config/shipped.h"

namespace moebench::config {

namespace {

// Also of a name that no file can have, such as one of more than 255 bytes.
bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

// What a path stands for, where it leads into the Hugging Face cache.
std::filesystem::path through_hub_cache(const YamlValue& name, const std::filesystem::path& path) {
  try {
    const std::filesystem::path found = snapshot_in(path);
    refuse_dangling_link(found.extension() == ".json" ? found : found / "config.json");
    return found;
  } catch (const Error& error) {
    name.fail_as_unsupported(error.what());
  }
}

}  // namespace

const std::vector<std::string>& axis_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Axis& axis : axis_table()) all.push_back(axis.name);
    return all;
  }();
  return names;
}

namespace {

bool is_parameter(const std::string& name, const AxisContext& context) {
  return std::ranges::count(context.parameters, name) > 0;
}

AxisValue parse_parameter(const std::string& name, const YamlValue& value) {
  const YamlValue source = value.named(fmt::format("parameter '{}'", name));
  const std::string text = source.text();
  if (text.find_first_of("\n\r") != std::string::npos || text.size() > kMaxNameBytes) {
    source.fail(
        fmt::format("is no line of at most {} bytes; write a shorter value", kMaxNameBytes));
  }
  const auto apply = [name, text](CellConfig& cell) {
    std::vector<std::string>& parameters = cell.engine.parameters;
    std::erase_if(parameters, [&](const auto& pair) { return split_pair(pair).first == name; });
    parameters.push_back(name + "=" + text);
  };
  return {name, text, text, apply, source};
}

std::string parameter_of(const CellConfig& cell, const std::string& name) {
  for (const std::string& parameter : cell.engine.parameters) {
    const auto [own_name, value] = split_pair(parameter);
    if (own_name == name) return value;
  }
  return "";
}

}  // namespace

AxisValue parse_axis(const std::string& axis, const YamlValue& value, const AxisContext& context) {
  if (is_parameter(axis, context)) return parse_parameter(axis, value);
  const Axis* row = find_axis(axis_table(), axis);
  if (row == nullptr) {
    std::vector<std::string> known = axis_names();
    known.insert(known.end(), context.parameters.begin(), context.parameters.end());
    value.named("").fail(
        fmt::format("unknown axis '{}'; {}", shortened(axis), suggestion(axis, known)));
  }
  const YamlValue source = value.named(fmt::format("axis '{}'", axis));
  const auto apply = row->parse(source, context.folders);
  CellConfig scratch;
  apply(scratch);
  return {axis, row->text(scratch), row->key(scratch), apply, source};
}

Condition read_condition(const YamlValue& source, const AxisContext& context, const char* purpose) {
  Condition condition;
  for (const auto& [axis, values] : source.entries()) {
    for (const YamlValue& value : values.items_or_self()) {
      condition[axis].insert(parse_axis(axis, value, context).key);
    }
  }
  if (condition.empty()) source.fail(fmt::format("an empty condition; {}", purpose));
  return condition;
}

bool matches(const Condition& condition, const CellConfig& cell) {
  return std::ranges::all_of(condition, [&](const auto& entry) {
    const Axis* axis = find_axis(axis_table(), entry.first);
    return entry.second.contains(axis == nullptr ? parameter_of(cell, entry.first)
                                                 : axis->key(cell));
  });
}

std::int64_t default_prefetch(const CellConfig& cell) {
  if (cell.measure == Measure::kLoad) return CellConfig().prefetch;
  switch (cell.device) {
    case Device::kCpu:
      return 0;
    case Device::kCuda:
    case Device::kAuto:
      return 1;
  }
  MOEBENCH_CHECK(!"a device outside its enumeration");
}

bool default_router_aux_loss(const CellConfig& cell) {
  const bool has_effect = cell.measure == Measure::kTrain && cell.model.router_aux_loss_coef != 0;
  return has_effect ? cell.model.output_router_logits : CellConfig().router_aux_loss;
}

std::int64_t default_ep_degree(const CellConfig& cell) {
  return cell.parallelism == Parallelism::kEp ? ep_degrees(cell).back() : 1;
}

std::int64_t default_shard_degree(const CellConfig& cell) {
  if (cell.parallelism != Parallelism::kHsdp) return 0;
  const std::vector<std::int64_t> degrees = shard_degrees(cell);
  return degrees.empty() ? 0 : degrees.back();
}

std::filesystem::path resolve_model(const YamlValue& name, const Folders& folders) {
  const std::filesystem::path text = name.text();
  for (const std::filesystem::path& folder : {folders.paths, folders.scenario}) {
    const auto as_path = through_hub_cache(name, (folder / text).lexically_normal());
    const auto file = text.extension() == ".json" ? as_path : as_path / "config.json";
    if (is_file(file)) return file;
  }
  if (text.extension() == ".json") {
    const std::string path = (folders.paths / text).lexically_normal().string();
    name.fail_as_unsupported(
        fmt::format("no file {}; check the path", shortened(path, kLongestShownPath)));
  }
  const std::vector<std::filesystem::path> known = model_folders(folders.scenario);
  if (const auto file = find_model(text.string(), known)) return *file;
  const std::string remedy = models_in(known).empty()
                                 ? "put its config.json there"
                                 : model_suggestion(text.string(), known) +
                                       " (moebench models lists those that come with it)";
  name.fail_as_unsupported(fmt::format("no model '{}' in {}{}; {}", shortened(text.string()),
                                       known.front().string(),
                                       known.size() > 1 ? ", and none is shipped" : "", remedy));
}

}  // namespace moebench::config
