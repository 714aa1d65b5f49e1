#include "harness/config/baselines.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

#include "harness/base/words.h"

namespace moebench::config {
namespace {

// nullopt where the cell's engine takes no notice of the axis.
std::optional<std::string> stated(const CellConfig& cell, const std::string& axis) {
  for (const auto& [name, value] : cell.axes()) {
    if (name == axis) return value;
  }
  return std::nullopt;
}

bool meets(const CellConfig& cell, const Condition& condition) {
  const bool states_all = std::ranges::all_of(
      condition, [&](const auto& entry) { return stated(cell, entry.first).has_value(); });
  return states_all && matches(condition, cell);
}

std::vector<std::string> values_of(const std::string& axis, const std::vector<CellConfig>& cells) {
  std::vector<std::string> values;
  for (const CellConfig& cell : cells) {
    const auto value = stated(cell, axis);
    if (value && std::ranges::count(values, *value) == 0) values.push_back(*value);
  }
  return values;
}

AxisValue read_value(const std::string& axis, const YamlValue& value, const AxisContext& context) {
  if (value.is_list()) value.fail("a baseline has one value of each axis; keep one");
  AxisValue parsed = parse_axis(axis, value, context);
  if (parsed.text.find(',') != std::string::npos) {
    parsed.source.fail("holds a comma, which separates the values of a baseline; rename it");
  }
  return parsed;
}

// Error at the first value that no cell has, else at the whole.
[[noreturn]] void fail_without_cell(const YamlValue& source, const std::vector<AxisValue>& wanted,
                                    const std::vector<CellConfig>& cells) {
  for (const AxisValue& value : wanted) {
    const Condition alone = {{value.axis, {value.key}}};
    if (std::ranges::any_of(cells, [&](const auto& cell) { return meets(cell, alone); })) continue;
    const auto values = values_of(value.axis, cells);
    value.source.fail(fmt::format("no cell has '{}'; {}", shortened(value.text),
                                  values.empty() ? "the cells' engine does not have the axis"
                                                 : suggestion(value.text, values)));
  }
  source.fail("no cell has all of these values; name fewer of them");
}

}  // namespace

std::optional<Baseline> read_baseline(const YamlValue& source, const AxisContext& context,
                                      bool may_match_nothing,
                                      const std::vector<CellConfig>& cells) {
  Baseline baseline;
  std::vector<AxisValue> wanted;
  Condition condition;
  for (const auto& [axis, value] : source.entries()) {
    wanted.push_back(read_value(axis, value, context));
    baseline.axes.push_back(axis);
    condition[axis] = {wanted.back().key};
  }
  if (condition.empty()) source.fail("names no axis; name those of the baseline");
  const auto found =
      std::ranges::find_if(cells, [&](const auto& cell) { return meets(cell, condition); });
  if (found == cells.end() && may_match_nothing) return std::nullopt;
  if (found == cells.end()) fail_without_cell(source, wanted, cells);
  baseline.cell = static_cast<std::size_t>(found - cells.begin());
  return baseline;
}

std::string baseline_text(const std::vector<std::string>& axes, const CellConfig& cell) {
  std::string text;
  for (const std::string& axis : axes) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", axis, stated(cell, axis).value_or(""));
  }
  return text;
}

}  // namespace moebench::config
