#include "reports/gate/names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "harness/base/units.h"
#include "harness/config/cell.h"
#include "reports/write/format_value.h"

namespace moebench::gate {
namespace {

std::vector<std::string> axes_where(const Report& report, bool varying) {
  std::vector<std::string> names;
  for (const CellResult& cell : report.cells) {
    for (const auto& [axis, value] : cell.axes) {
      if (std::ranges::count(names, axis) == 0) names.push_back(axis);
    }
  }
  std::erase_if(names, [&](const std::string& axis) {
    const bool differs = std::ranges::any_of(report.cells, [&](const CellResult& cell) {
      return axis_of(cell, axis) != axis_of(report.cells.front(), axis);
    });
    return differs != varying;
  });
  return names;
}

}  // namespace

std::string axis_of(const CellResult& cell, std::string_view axis) {
  for (const auto& [name, value] : cell.axes) {
    if (name == axis) return value;
  }
  return config::unstated_axis(axis);
}

std::vector<std::string> varying_axes(const Report& report) { return axes_where(report, true); }

std::vector<std::string> constant_axes(const Report& report) { return axes_where(report, false); }

std::string describe(const CellResult& cell, const Report& report) {
  std::string text = cell.scenario;
  for (const std::string& axis : varying_axes(report)) {
    text += fmt::format(" {}={}", axis, axis_of(cell, axis));
  }
  return text;
}

std::string describe_all(const Report& report) {
  std::vector<std::string> scenarios;
  for (const CellResult& cell : report.cells) {
    if (std::ranges::count(scenarios, cell.scenario) == 0) scenarios.push_back(cell.scenario);
  }
  return fmt::format("all {} cells of {}", report.cells.size(), fmt::join(scenarios, ", "));
}

std::string bound_text(const std::optional<double>& bound) {
  return bound && std::isfinite(*bound) ? reports::format_change(bound) : "?";
}

std::string change_text(const MetricTest& test) {
  if (!test.change) return reports::kNone;
  const double estimate = test.change->estimate;
  if (!std::isfinite(estimate)) return "from 0";
  const bool is_tiny = !test.change->upper && estimate != 0 && std::abs(estimate) < 5e-4;
  std::string text = is_tiny ? fmt::format("{:+.1e}", estimate) : reports::format_change(estimate);
  if (test.change->upper) {
    text +=
        fmt::format(" [{}, {}]", bound_text(test.change->lower), bound_text(test.change->upper));
  }
  return text;
}

std::string at_most_text(const MetricTest& test) {
  return test.change && test.change->at_most ? bound_text(test.change->at_most) : "";
}

std::string sentence(const MetricTest& test) {
  std::string text = fmt::format("{} -> {}, worse by {}", value_text(test.base, test.unit),
                                 value_text(test.candidate, test.unit), change_text(test));
  const std::string at_most = at_most_text(test);
  if (!at_most.empty()) text += ", at most " + at_most;
  text += fmt::format(", n = {}", test.pairs);
  return test.note.empty() ? text : text + "; " + test.note;
}

std::string duration_text(double ns) {
  const double minutes = ns / kNsPerSecond / 60;
  if (minutes < 1) return fmt::format("{:.0f} s", minutes * 60);
  return minutes < 120 ? fmt::format("{:.1f} min", minutes) : fmt::format("{:.1f} h", minutes / 60);
}

std::string value_text(const std::optional<double>& value, const std::string& unit) {
  if (!value) return reports::kNone;
  if (unit == "bytes") {
    const reports::Unit bytes = reports::byte_unit({value});
    return reports::format_number(*value / bytes.divisor) + " " + bytes.name;
  }
  if (unit == "ns") {
    const bool is_long = *value >= 1e9;
    return reports::format_number(*value / (is_long ? 1e9 : 1e6)) + (is_long ? " s" : " ms");
  }
  const std::string number =
      unit == "tokens" ? reports::format_count(value) : reports::format_number(value);
  return unit == "1" || unit.empty() ? number : number + " " + unit;
}

}  // namespace moebench::gate
