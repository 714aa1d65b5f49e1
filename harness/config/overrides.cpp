#include "harness/config/overrides.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "harness/base/error.h"
#include "harness/config/expand.h"
#include "harness/config/settings.h"

namespace moebench::config {
namespace {

constexpr std::string_view kSettingPrefix = "settings.";

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::count(names, name) > 0;
}

// At the commas that are within nothing.
std::vector<std::string> split_entries(const std::string& text) {
  std::vector<std::string> entries(1);
  int depth = 0;
  char quote = 0;
  for (const char c : text) {
    const bool is_quote = c == '"' || c == '\'';
    if (quote == 0 && is_quote) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
    if (quote == 0 && std::string_view("[{(").find(c) != std::string_view::npos) ++depth;
    if (quote == 0 && std::string_view("]})").find(c) != std::string_view::npos) --depth;
    if (c == ',' && depth == 0 && quote == 0) {
      entries.emplace_back();
    } else {
      entries.back() += c;
    }
  }
  return entries;
}

Override parse_override(const std::string& entry, const std::string& option) {
  const auto sides = name_and_value(entry);
  if (!sides) {
    throw Error("{}: '{}' is no name=value, such as seq_len=64 or settings.steps=3", option,
                shortened(entry));
  }
  const auto& [written, text] = *sides;
  const YamlValue value = YamlValue::parse_word(text, option + " " + shortened(entry));
  if (!written.starts_with(kSettingPrefix)) {
    if (has(setting_names(), written)) {
      value.fail(fmt::format("unknown axis '{0}'; it is a setting: write settings.{0}=...",
                             shortened(written)));
    }
    return {written, false, value};
  }
  const std::string name = written.substr(kSettingPrefix.size());
  if (has(axis_names(), name)) {
    value.fail(fmt::format("unknown setting '{0}'; it is an axis: write {0}=...", shortened(name)));
  }
  return {name, true, value};
}

bool is_of(const AxisValue& value, const std::string& axis) { return value.axis == axis; }

// Where the file has a list of this axis alone, its place; a zip keeps its other axes.
void override_axis(const std::string& axis, Dimension values, std::vector<Dimension>& dimensions) {
  for (Dimension& dimension : dimensions) {
    bool is_alone = true;
    for (Choice& choice : dimension) {
      std::erase_if(choice, [&](const AxisValue& value) { return is_of(value, axis); });
      is_alone = is_alone && choice.empty();
    }
    if (!is_alone || dimension.empty()) continue;
    dimension = std::move(values);
    return;
  }
  dimensions.push_back(std::move(values));
}

}  // namespace

Overrides parse_overrides(const std::vector<std::string>& texts, const std::string& option) {
  Overrides overrides;
  for (const std::string& text : texts) {
    for (const std::string& entry : split_entries(text)) {
      overrides.push_back(parse_override(entry, option));
      const Override& last = overrides.back();
      const auto first = std::ranges::find(overrides, last.name, &Override::name);
      if (&*first == &last) continue;
      last.value.fail(fmt::format("'{0}' is set twice; for several values write '{0}=[a, b]'",
                                  shortened(last.name)));
    }
  }
  return overrides;
}

std::vector<std::string> apply_overrides(const Overrides& overrides, AxisContext context,
                                         Matrix& matrix) {
  // What is typed on a command line is relative to where it is typed.
  context.folders.paths = std::filesystem::current_path();
  std::vector<std::string> used;
  for (const auto& [name, is_setting, value] : overrides) {
    if (is_setting) {
      apply_setting(name, value, context.folders.paths, matrix.base);
    } else if (has(axis_names(), name) || has(context.parameters, name)) {
      override_axis(name, read_dimension(name, value, context), matrix.dimensions);
    } else {
      continue;
    }
    used.push_back(name);
  }
  matrix.is_overridden = matrix.is_overridden || !used.empty();
  // Other ranks and micro-steps than the file's make other steps than its `resume_as`.
  if (has(used, "ranks") || has(used, "grad_accumulation")) matrix.resume_as.clear();
  return used;
}

void check_used(const Overrides& overrides, const std::vector<std::string>& used) {
  for (const auto& [name, is_setting, value] : overrides) {
    // What every scenario has may have kept one from being read at all.
    if (is_setting || has(axis_names(), name) || has(used, name)) continue;
    value.fail(fmt::format("unknown axis '{}', and no parameter of a scenario; {}", shortened(name),
                           suggestion(name, axis_names())));
  }
}

std::string listed(const Overrides& overrides) {
  std::vector<std::string> names;
  for (const Override& override : overrides) {
    names.push_back(std::string(override.is_setting ? kSettingPrefix : "") + override.name);
  }
  return moebench::listed(names);
}

}  // namespace moebench::config
