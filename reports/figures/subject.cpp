#include "reports/figures/subject.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/printable.h"
#include "reports/write/labels.h"

namespace moebench::reports {
Json to_json(const Scale& scale) {
  return {{"title", scale.title}, {"unit", scale.style.printed_unit}, {"log", scale.is_log}};
}

Json printed(const std::optional<double>& value, const NumberStyle& style) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value / style.divisor;
}

Figure make_figure(std::string name, std::string title, std::string kind, const Json& data,
                   Table numbers) {
  return {std::move(name), std::move(title), std::move(kind),
          data.dump(-1, ' ', false, Json::error_handler_t::replace), std::move(numbers)};
}

ShortAxes short_axes(const ScenarioCells& scenario, const Cell& cell) {
  const bool has_parallelism = std::ranges::count(scenario.varying_axes, "parallelism") > 0;
  ShortAxes axes;
  for (const std::string& axis : scenario.varying_axes) {
    if (has_parallelism && is_degree(axis)) continue;
    axes.emplace_back(axis, label_of(cell, {axis}));
  }
  return axes;
}

std::string label_of(const ScenarioCells& scenario, const Cell& cell) {
  const std::string label = label_of(cell, scenario.varying_axes);
  return printable(label.empty() ? scenario.name : label);
}

std::string rank_label(const std::string& cell, std::size_t rank) {
  return fmt::format("{} · rank {}", cell, rank);
}

std::string name_part(const std::string& label) {
  std::string name;
  for (const char c : label) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (is_plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return name;
}

std::optional<double> value_of_ok(const Cell& cell, const std::string& metric) {
  return cell.ok() ? cell.value(metric) : std::nullopt;
}

NumberStyle bytes_style_of(const std::vector<Cell>& cells, const std::string& metric) {
  std::vector<std::optional<double>> values;
  for (const Cell& cell : cells) values.push_back(value_of_ok(cell, metric));
  return bytes_style(values);
}

const record::Metric* metric_of(const record::CellRecord& record, const std::string& name) {
  const auto found = record.metrics.find(name);
  return found == record.metrics.end() ? nullptr : &found->second;
}

}  // namespace moebench::reports
