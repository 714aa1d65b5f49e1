#include "harness/config/fms_form.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "harness/config/settings.h"

namespace moebench::config {

namespace {

constexpr const char* kBuiltInFrameworks =
    "(null): {parallelism: fsdp, expert_kernel: loop}\n"
    "moe-megablocks: {parallelism: ep, expert_kernel: grouped}\n"
    "moe-scattermoe-granite-ep1: {parallelism: fsdp, expert_kernel: grouped}\n"
    "moe-scattermoe-granite-ep2: {parallelism: ep, ep_degree: 2, expert_kernel: grouped}\n"
    "moe-scattermoe-granite-ep4: {parallelism: ep, ep_degree: 4, expert_kernel: grouped}\n"
    "moe-scattermoe-granite-ep8: {parallelism: ep, ep_degree: 8, expert_kernel: grouped}\n";

enum class Kind {
  kAxis,
  kSetting,
  kNoEffect,
  kOff,   // false, none or null; anything else is not supported
  kBf16,  // says what torch_dtype says
};

struct Argument {
  std::string name;
  Kind kind;
  std::string target{};  // axis or setting; of kOff why it is not supported
};

// The trainer's names for our axes and settings. Those without effect steer its logging, saving
// and data loader, none of which runs within a measured step here, describe data that are not read
// here, or are of a peft_method.
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
      {"bf16", Kind::kBf16},
      {"fp16", Kind::kOff, "numbers are bf16 or fp32: see torch_dtype"},
      {"peft_method", Kind::kOff, "all weights are trained, not an adapter's"},
      {"accelerator_config", Kind::kNoEffect},
      {"dataset_text_field", Kind::kNoEffect},
      {"evaluation_strategy", Kind::kNoEffect},
      {"include_tokens_per_second", Kind::kNoEffect},
      {"logging_steps", Kind::kNoEffect},
      {"logging_strategy", Kind::kNoEffect},
      {"lora_alpha", Kind::kNoEffect},
      {"lora_dropout", Kind::kNoEffect},
      {"r", Kind::kNoEffect},
      {"response_template", Kind::kNoEffect},
      {"save_strategy", Kind::kNoEffect},
      {"skip_memory_metrics", Kind::kNoEffect},
      {"target_modules", Kind::kNoEffect}};
  return table;
}

const Argument& find_argument(const std::string& name, const YamlValue& value) {
  const auto found = std::ranges::find(known_arguments(), name, &Argument::name);
  if (found != known_arguments().end()) return *found;
  std::vector<std::string> known;
  for (const Argument& argument : known_arguments()) known.push_back(argument.name);
  value.named("").fail(
      fmt::format("unknown argument '{}'; {}", shortened(name), suggestion(name, known)));
}

void check_is_off(const Argument& argument, const YamlValue& value) {
  if (!value.is_list() && !value.is_mapping()) {
    const std::string text = value.text();
    if (text == "false" || text == "False" || text == "none") return;
  }
  value.fail(fmt::format("is not supported: {}", argument.target));
}

// Where it is true, no weights of another type are meant: those would make mixed precision.
void check_bf16(const YamlValue& value, const std::vector<Dimension>& dimensions) {
  if (!value.boolean()) return;
  for (const Dimension& dimension : dimensions) {
    for (const Choice& choice : dimension) {
      for (const AxisValue& axis : choice) {
        if (axis.axis != "dtype" || axis.text == "bf16") continue;
        value.fail(
            fmt::format("with weights in {} is mixed precision, which is not supported; "
                        "write torch_dtype: bfloat16",
                        axis.text));
      }
    }
  }
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
      item.fail(fmt::format("unknown framework '{}'; {} (or add it to 'frameworks')",
                            shortened(name), suggestion(name, known)));
    }
    dimension.push_back(found->second);
  }
  return dimension;
}

std::set<std::string> read_arguments(const YamlValue& arguments,
                                     const std::filesystem::path& folder,
                                     std::vector<Dimension>& dimensions, CellConfig& cell) {
  std::set<std::string> settings;
  std::optional<YamlValue> bf16;
  for (const auto& [name, value] : arguments.entries()) {
    const Argument& argument = find_argument(name, value);
    if (value.is_null()) continue;
    switch (argument.kind) {
      case Kind::kAxis:
        dimensions.push_back(axis_dimension(argument, value, folder));
        break;
      case Kind::kSetting:
        if (value.is_list()) value.fail("is a setting and takes one value, not a list");
        apply_setting(argument.target, value, folder, cell);
        settings.insert(argument.target);
        break;
      case Kind::kNoEffect:
        break;
      case Kind::kOff:
        check_is_off(argument, value);
        break;
      case Kind::kBf16:
        bf16 = value;
        break;
    }
  }
  if (bf16) check_bf16(*bf16, dimensions);
  return settings;
}

}  // namespace moebench::config
