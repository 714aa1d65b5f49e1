#include "harness/config/fms_form.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/config/settings.h"

namespace moebench::config {

namespace {

constexpr const char* kBuiltInFrameworks =
    "(null): {parallelism: fsdp, expert_kernel: loop}\n"
    "moe-megablocks: {parallelism: ep, expert_kernel: grouped}\n";

enum class Kind { kAxis, kSetting, kNoEffect };

struct Argument {
  std::string name;
  Kind kind;
  std::string target;
};

// The trainer's names for our axes and settings. Those without effect steer its logging, saving
// and data loader, none of which runs within a measured step here.
const std::vector<Argument>& known_arguments() {
  static const std::vector<Argument> table = {
      {"model_name_or_path", Kind::kAxis, "model"},
      {"num_processes", Kind::kAxis, "ranks"},
      {"nproc_per_node", Kind::kAxis, "ranks"},
      {"per_device_train_batch_size", Kind::kAxis, "micro_batch"},
      {"gradient_accumulation_steps", Kind::kAxis, "grad_accumulation"},
      {"max_seq_len", Kind::kAxis, "seq_len"},
      {"max_seq_length", Kind::kAxis, "seq_len"},
      {"packing", Kind::kAxis, "packing"},
      {"torch_dtype", Kind::kAxis, "dtype"},
      {"gradient_checkpointing", Kind::kAxis, "activation_checkpointing"},
      {"seed", Kind::kAxis, "seed"},
      {"max_steps", Kind::kSetting, "steps"},
      {"learning_rate", Kind::kSetting, "learning_rate"},
      {"adam_beta1", Kind::kSetting, "adam_beta1"},
      {"adam_beta2", Kind::kSetting, "adam_beta2"},
      {"adam_epsilon", Kind::kSetting, "adam_epsilon"},
      {"weight_decay", Kind::kSetting, "weight_decay"},
      {"max_grad_norm", Kind::kSetting, "max_grad_norm"},
      {"accelerator_config", Kind::kNoEffect, ""},
      {"evaluation_strategy", Kind::kNoEffect, ""},
      {"include_tokens_per_second", Kind::kNoEffect, ""},
      {"logging_steps", Kind::kNoEffect, ""},
      {"logging_strategy", Kind::kNoEffect, ""},
      {"save_strategy", Kind::kNoEffect, ""},
      {"skip_memory_metrics", Kind::kNoEffect, ""}};
  return table;
}

const Argument& find_argument(const std::string& name, const YamlValue& value) {
  const auto found = std::ranges::find(known_arguments(), name, &Argument::name);
  if (found != known_arguments().end()) return *found;
  std::vector<std::string> known;
  for (const Argument& argument : known_arguments()) known.push_back(argument.name);
  value.named("").fail(fmt::format("unknown argument '{}'; {}", name, suggestion(name, known)));
}

YamlValue translate_dtype(const YamlValue& value) {
  if (value.text() == "bfloat16") return value.with_text("bf16");
  if (value.text() == "float32") return value.with_text("fp32");
  value.fail(fmt::format("unknown value '{}'; use bfloat16 or float32", value.text()));
}

Dimension axis_dimension(const Argument& argument, const YamlValue& value,
                         const std::filesystem::path& folder) {
  Dimension dimension;
  for (const YamlValue& item : value.items_or_self()) {
    const YamlValue translated = argument.target == "dtype" ? translate_dtype(item) : item;
    dimension.push_back({parse_axis(argument.target, translated, folder)});
  }
  return dimension;
}

Choice read_framework(const YamlValue& axes, const std::filesystem::path& folder) {
  Choice choice;
  for (const auto& [axis, value] : axes.entries()) {
    choice.push_back(parse_axis(axis, value, folder));
  }
  return choice;
}

}  // namespace

Frameworks read_frameworks(const YamlValue* table, const std::filesystem::path& folder) {
  Frameworks frameworks;
  const auto add = [&](const YamlValue& source) {
    for (const auto& [name, axes] : source.entries()) {
      frameworks.insert_or_assign(name, read_framework(axes, folder));
    }
  };
  add(YamlValue::parse(kBuiltInFrameworks, "built-in frameworks"));
  if (table) add(*table);
  return frameworks;
}

Dimension framework_dimension(const YamlValue& framework_config, const Frameworks& frameworks) {
  Dimension dimension;
  for (const YamlValue& item : framework_config.items_or_self()) {
    const std::string name = item.is_null() ? "(null)" : item.text();
    const auto found = frameworks.find(name);
    if (found == frameworks.end()) {
      std::vector<std::string> known;
      for (const auto& [framework, choice] : frameworks) known.push_back(framework);
      item.fail(fmt::format("unknown framework '{}'; {} (or add it to 'frameworks')", name,
                            suggestion(name, known)));
    }
    dimension.push_back(found->second);
  }
  return dimension;
}

std::set<std::string> read_arguments(const YamlValue& arguments,
                                     const std::filesystem::path& folder,
                                     std::vector<Dimension>& dimensions, CellConfig& cell) {
  std::set<std::string> settings;
  for (const auto& [name, value] : arguments.entries()) {
    const Argument& argument = find_argument(name, value);
    if (value.is_null() || argument.kind == Kind::kNoEffect) continue;
    if (argument.kind == Kind::kAxis) {
      dimensions.push_back(axis_dimension(argument, value, folder));
      continue;
    }
    if (value.is_list()) value.fail("is a setting and takes one value, not a list");
    apply_setting(argument.target, value, folder, cell);
    settings.insert(argument.target);
  }
  return settings;
}

}  // namespace moebench::config
