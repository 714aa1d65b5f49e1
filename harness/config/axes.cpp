#include "harness/config/axes.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "harness/config/routing.h"

namespace moebench::config {

namespace {

// Bounds a typo, not a use.
constexpr std::int64_t kMaxCount = 100'000'000;

using Apply = std::function<void(CellConfig&)>;
using Parser = Apply (*)(const YamlValue& value, const std::filesystem::path& folder);

template <std::int64_t CellConfig::*member>
Apply parse_count(const YamlValue& value, const std::filesystem::path&) {
  const std::int64_t count = value.integer();
  if (count > kMaxCount) value.fail(fmt::format("{} is more than {}", count, kMaxCount));
  return [count](CellConfig& cell) { cell.*member = count; };
}

template <bool CellConfig::*member>
Apply parse_flag(const YamlValue& value, const std::filesystem::path&) {
  return [flag = value.boolean()](CellConfig& cell) { cell.*member = flag; };
}

template <auto member>
Apply parse_word(const YamlValue& value, const std::filesystem::path&) {
  using Enum = std::remove_reference_t<decltype(CellConfig().*member)>;
  return [word = value.word<Enum>()](CellConfig& cell) { cell.*member = word; };
}

// A word of CellConfig::load.
template <auto member>
Apply parse_load_word(const YamlValue& value, const std::filesystem::path&) {
  using Enum = std::remove_reference_t<decltype(LoadConfig().*member)>;
  return [word = value.word<Enum>()](CellConfig& cell) { cell.load.*member = word; };
}

Apply parse_seed(const YamlValue& value, const std::filesystem::path&) {
  return [seed = value.unsigned_integer()](CellConfig& cell) { cell.seed = seed; };
}

Apply parse_model(const YamlValue& value, const std::filesystem::path& folder) {
  return [model = load_model_config(resolve_model(value, folder))](CellConfig& cell) {
    cell.model = model;
  };
}

Apply parse_gathers(const YamlValue& value, const std::filesystem::path&) {
  const std::int64_t gathers = value.integer();
  if (gathers != 2 && gathers != 3) value.fail(fmt::format("{} gathers; use 2 or 3", gathers));
  return [gathers](CellConfig& cell) { cell.gathers = gathers; };
}

Apply parse_prefetch(const YamlValue& value, const std::filesystem::path&) {
  return [ahead = value.integer(0, 2)](CellConfig& cell) { cell.prefetch = ahead; };
}

Apply parse_routing_axis(const YamlValue& value, const std::filesystem::path& folder) {
  return [routing = parse_routing(value, folder)](CellConfig& cell) { cell.routing = routing; };
}

struct AxisDefinition {
  std::string name;
  Parser parse;
};

const std::vector<AxisDefinition>& definitions() {
  static const std::vector<AxisDefinition> table = {
      {"model", parse_model},
      {"parallelism", parse_word<&CellConfig::parallelism>},
      {"ep_degree", parse_count<&CellConfig::ep_degree>},
      {"expert_kernel", parse_word<&CellConfig::expert_kernel>},
      {"ranks", parse_count<&CellConfig::ranks>},
      {"micro_batch", parse_count<&CellConfig::micro_batch>},
      {"grad_accumulation", parse_count<&CellConfig::grad_accumulation>},
      {"seq_len", parse_count<&CellConfig::seq_len>},
      {"packing", parse_flag<&CellConfig::packing>},
      {"dtype", parse_word<&CellConfig::dtype>},
      {"activation_checkpointing", parse_flag<&CellConfig::activation_checkpointing>},
      {"gathers", parse_gathers},
      {"prefetch", parse_prefetch},
      {"sync_each_batch", parse_flag<&CellConfig::sync_each_batch>},
      {"optimizer", parse_word<&CellConfig::optimizer>},
      {"keep_gradients", parse_flag<&CellConfig::keep_gradients>},
      {"routing", parse_routing_axis},
      {"seed", parse_seed},
      {"loader", parse_load_word<&LoadConfig::loader>},
      {"cache", parse_load_word<&LoadConfig::cache>}};
  return table;
}

std::vector<std::string> models_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  if (!std::filesystem::is_directory(folder)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

const std::vector<std::string>& axis_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const AxisDefinition& definition : definitions()) all.push_back(definition.name);
    return all;
  }();
  return names;
}

AxisValue parse_axis(const std::string& axis, const YamlValue& value,
                     const std::filesystem::path& folder) {
  const auto definition = std::ranges::find(definitions(), axis, &AxisDefinition::name);
  if (definition == definitions().end()) {
    value.named("").fail(
        fmt::format("unknown axis '{}'; {}", axis, suggestion(axis, axis_names())));
  }
  const YamlValue source = value.named(fmt::format("axis '{}'", axis));
  const Apply apply = definition->parse(source, folder);
  CellConfig scratch;
  apply(scratch);
  const auto printed = scratch.axes();
  const auto index = static_cast<std::size_t>(definition - definitions().begin());
  return {axis, printed[index].second, apply, source};
}

std::int64_t default_ep_degree(const CellConfig& cell) {
  if (cell.parallelism == Parallelism::kFsdp) return 1;
  return std::gcd(cell.ranks, cell.model.num_experts);
}

std::filesystem::path resolve_model(const YamlValue& name, const std::filesystem::path& folder) {
  const std::filesystem::path text = name.text();
  const std::filesystem::path as_path = (folder / text).lexically_normal();
  if (text.extension() == ".json") {
    if (std::filesystem::is_regular_file(as_path)) return as_path;
    name.fail(fmt::format("no file {}; check the path", as_path.string()));
  }
  if (std::filesystem::is_regular_file(as_path / "config.json")) return as_path / "config.json";
  // Not replace_extension or stem: a version such as "v0.1" looks like an extension.
  const std::filesystem::path shipped = folder / "models" / (text.filename().string() + ".json");
  if (std::filesystem::is_regular_file(shipped)) return shipped;
  const std::vector<std::string> known = models_in(folder / "models");
  const std::string remedy =
      known.empty() ? "put its config.json there" : suggestion(text.filename().string(), known);
  name.fail(
      fmt::format("no model '{}' in {}; {}", text.string(), (folder / "models").string(), remedy));
}

}  // namespace moebench::config
