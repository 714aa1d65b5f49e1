#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/parse.h"
#include "reports/figures/groups.h"
#include "reports/write/gains.h"
#include "reports/write/loading.h"

namespace moebench::reports {
namespace {

// The cells by one axis and by all others together.
struct Pivot {
  std::string axis;
  bool is_numeric = false;
  std::vector<std::string> columns;  // values of the axis; numbers ascending
  std::vector<std::string> rows;     // what the other axes say
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> cells;  // row, column -> cell
};

bool is_number(const std::string& text) { return parse_number<double>(text).has_value(); }

std::size_t place_in(std::vector<std::string>& values, const std::string& value) {
  const auto found = std::ranges::find(values, value);
  if (found != values.end()) return static_cast<std::size_t>(found - values.begin());
  values.push_back(value);
  return values.size() - 1;
}

std::string value_on(const Cell& cell, const std::string& axis, const std::string& short_value) {
  return axis == "parallelism" ? short_value : cell.axis(axis);
}

// The axis that is laid out from left to right: a numeric one with the most values, else the one
// with the most values, of equals the last.
std::string main_axis(const ScenarioCells& scenario) {
  std::map<std::string, std::set<std::string>> values;
  std::vector<std::string> names;
  for (const Cell& cell : scenario.cells) {
    for (const auto& [axis, value] : short_axes(scenario, cell)) {
      if (!values.contains(axis)) names.push_back(axis);
      values[axis].insert(value_on(cell, axis, value));
    }
  }
  std::string best;
  std::pair<bool, std::size_t> best_rank;
  for (const std::string& name : names) {
    if (name == "id" || name == "arm") continue;
    const std::pair rank = {std::ranges::all_of(values[name], is_number), values[name].size()};
    if (best.empty() || rank >= best_rank) best = name, best_rank = rank;
  }
  return best;
}

Pivot pivot_of(const ScenarioCells& scenario) {
  Pivot pivot;
  pivot.axis = main_axis(scenario);
  if (pivot.axis.empty()) return pivot;
  std::vector<std::string> columns_of;
  std::vector<std::string> rows_of;
  for (const Cell& cell : scenario.cells) {
    std::string row;
    std::string column;
    for (const auto& [axis, value] : short_axes(scenario, cell)) {
      if (axis == pivot.axis) {
        column = value_on(cell, axis, value);
      } else {
        row += (row.empty() ? "" : " · ") + value;
      }
    }
    columns_of.push_back(column);
    rows_of.push_back(row);
    place_in(pivot.columns, column);
    place_in(pivot.rows, row);
  }
  pivot.is_numeric = std::ranges::all_of(pivot.columns, is_number);
  if (pivot.is_numeric) {
    std::ranges::sort(pivot.columns, {},
                      [](const auto& text) { return parse_number<double>(text); });
  }
  for (std::size_t i = 0; i < scenario.cells.size(); ++i) {
    pivot.cells[{place_in(pivot.rows, rows_of[i]), place_in(pivot.columns, columns_of[i])}] = i;
  }
  return pivot;
}

// What is shown of each cell.
struct Shown {
  std::string name;
  Scale scale;
  bool parts_at_one = false;
  std::function<std::optional<double>(std::size_t cell)> value;
  std::function<std::optional<std::pair<double, double>>(std::size_t cell)> interval =
      [](std::size_t) { return std::nullopt; };
};

Table numbers_of(const Pivot& pivot, const Shown& shown) {
  Table numbers = {key_column(pivot.rows.size() > 1 ? "cells" : pivot.axis)};
  for (const std::string& column : pivot.columns) {
    numbers.push_back(number_column(pivot.axis + " " + column, shown.scale.style));
  }
  for (std::size_t row = 0; row < pivot.rows.size(); ++row) {
    std::vector<Entry> entries = {pivot.rows[row].empty() ? shown.scale.title : pivot.rows[row]};
    for (std::size_t column = 0; column < pivot.columns.size(); ++column) {
      const auto cell = pivot.cells.find({row, column});
      entries.push_back(cell == pivot.cells.end() ? Entry() : Entry(shown.value(cell->second)));
    }
    add_row(numbers, std::move(entries));
  }
  return numbers;
}

Figure heat_of(const Pivot& pivot, const Shown& shown) {
  Json values = Json::array();
  for (std::size_t row = 0; row < pivot.rows.size(); ++row) {
    Json line = Json::array();
    for (std::size_t column = 0; column < pivot.columns.size(); ++column) {
      const auto cell = pivot.cells.find({row, column});
      line.push_back(cell == pivot.cells.end()
                         ? Json(nullptr)
                         : printed(shown.value(cell->second), shown.scale.style));
    }
    values.push_back(std::move(line));
  }
  Json data = {{"x", {{"title", pivot.axis}, {"labels", pivot.columns}}},
               {"y", {{"title", ""}, {"labels", pivot.rows}}},
               {"value", to_json(shown.scale)},
               {"values", std::move(values)}};
  if (shown.parts_at_one) data["middle"] = 1;
  return make_figure(shown.name + "_map", shown.scale.title + " over the matrix", "heat", data,
                     numbers_of(pivot, shown));
}

Figure lines_of(const Pivot& pivot, const Shown& shown) {
  Json series = Json::array();
  for (std::size_t row = 0; row < pivot.rows.size(); ++row) {
    Json points = Json::array();
    for (std::size_t column = 0; column < pivot.columns.size(); ++column) {
      const auto cell = pivot.cells.find({row, column});
      if (cell == pivot.cells.end()) continue;
      const auto value = shown.value(cell->second);
      if (!value) continue;
      Json point = {parse_number<double>(pivot.columns[column]).value_or(0),
                    printed(value, shown.scale.style)};
      if (const auto ends = shown.interval(cell->second)) {
        point.push_back(ends->first);
        point.push_back(ends->second);
      }
      points.push_back(std::move(point));
    }
    if (points.empty()) continue;
    series.push_back({{"name", pivot.rows[row].empty() ? shown.scale.title : pivot.rows[row]},
                      {"line", true},
                      {"points", std::move(points)}});
  }
  // Sizes and counts are mostly doubled from value to value.
  const double first = parse_number<double>(pivot.columns.front()).value_or(0);
  const double last = parse_number<double>(pivot.columns.back()).value_or(0);
  Json x = {{"title", pivot.axis}, {"unit", ""}, {"log", first > 0 && last >= 4 * first}};
  Json data = {{"x", std::move(x)}, {"y", to_json(shown.scale)}, {"series", std::move(series)}};
  if (shown.parts_at_one) {
    data["lines"] = Json::array();
    data["lines"].push_back({{"value", 1}, {"strong", true}, {"label", ""}});
  }
  return make_figure(shown.name + "_lines",
                     fmt::format("{} over {}", shown.scale.title, pivot.axis), "xy", data,
                     numbers_of(pivot, shown));
}

std::vector<Shown> shown_of(const Subject& subject, const char* metric) {
  const ScenarioCells& scenario = subject.scenario;
  std::vector<Shown> all;
  const auto gains = subject.gains(metric).of_cells();
  if (std::ranges::any_of(gains, [](const auto& gain) { return gain.has_value(); })) {
    const auto references = subject.reference.of_cells(scenario);
    Shown gain = {"gain", {"gain", kFactor, true}, true, {}};
    gain.scale.style.printed_unit = "x";
    gain.value = [gains, &scenario, references](std::size_t cell) -> std::optional<double> {
      if (references[cell] == &scenario.cells[cell] && scenario.cells[cell].ok()) return 1;
      return gains[cell] ? std::optional(gains[cell]->factor) : std::nullopt;
    };
    gain.interval = [gains](std::size_t cell) {
      return gains[cell] ? gains[cell]->interval : std::nullopt;
    };
    all.push_back(std::move(gain));
  }
  Shown speed = {metric, {"tokens/s", kTokensPerSecond}, false, {}};
  if (is_loading(scenario)) speed.scale = {"load", kSeconds};
  speed.value = [&scenario, metric](std::size_t cell) {
    return value_of_ok(scenario.cells[cell], metric);
  };
  all.push_back(std::move(speed));
  return all;
}

}  // namespace

Figures axes_figures(const Subject& subject) {
  const Pivot pivot = pivot_of(subject.scenario);
  if (pivot.columns.size() < 2) return {};
  Figures figures;
  const char* metric = is_loading(subject.scenario) ? "load_time" : "tokens_per_second";
  for (const Shown& shown : shown_of(subject, metric)) {
    const bool has_any = std::ranges::any_of(
        pivot.cells, [&](const auto& cell) { return shown.value(cell.second).has_value(); });
    if (!has_any) continue;
    if (pivot.is_numeric) figures.push_back(lines_of(pivot, shown));
    if (pivot.rows.size() > 1) figures.push_back(heat_of(pivot, shown));
  }
  return figures;
}

}  // namespace moebench::reports
