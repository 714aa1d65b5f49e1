#include "reports/write/ladder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "reports/write/columns.h"
#include "reports/write/format_value.h"
#include "reports/write/gains.h"

namespace moebench::reports {
namespace {

using Value = std::optional<double>;

// Gains below this are as likely noise; shares of such a one say nothing.
constexpr double kSmallestGainToShare = 0.01;

// The axes in which two cells differ, parallelism and its degrees as one.
std::set<std::string> changed_axes(const Cell& a, const Cell& b) {
  std::set<std::string> changed;
  for (const std::string& axis : axis_names({&a.first(), &b.first()})) {
    if (a.axis(axis) == b.axis(axis)) continue;
    changed.insert(is_degree(axis) ? "parallelism" : axis);
  }
  return changed;
}

// "parallelism fsdp → ep, ep_degree 1 → 2"
std::string describe_change(const Cell& before, const Cell& after) {
  std::string text;
  for (const std::string& axis : axis_names({&before.first(), &after.first()})) {
    if (before.axis(axis) == after.axis(axis)) continue;
    text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", axis, before.axis(axis),
                        after.axis(axis));
  }
  return text;
}

std::vector<const Cell*> by_distance(const Cell& start, const ScenarioCells& scenario) {
  std::vector<const Cell*> cells;
  for (const Cell& cell : scenario.cells) cells.push_back(&cell);
  std::ranges::stable_sort(cells, {},
                           [&](const Cell* cell) { return changed_axes(start, *cell).size(); });
  return cells;
}

// The ladder from `start` to all other cells; empty where there is none.
std::vector<Rung> climb(const Cell& start, const ScenarioCells& scenario) {
  const std::vector<const Cell*> cells = by_distance(start, scenario);
  std::vector<Rung> rungs;
  std::set<std::string> climbed;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    const std::set<std::string> changed = changed_axes(*cells[i - 1], *cells[i]);
    if (changed.size() != 1 || !climbed.insert(*changed.begin()).second) return {};
    rungs.push_back({describe_change(*cells[i - 1], *cells[i]), cells[i - 1], cells[i]});
  }
  return rungs;
}

Value value_of(const Cell& cell, const char* metric) {
  return cell.ok() ? cell.value(metric) : std::nullopt;
}

Value difference(const Rung& rung, const char* metric) {
  const Value before = value_of(*rung.before, metric);
  const Value after = value_of(*rung.after, metric);
  return before && after ? Value(*after - *before) : std::nullopt;
}

using GainOf = std::function<std::optional<Gain>(const Rung&)>;

// By the gains of all cells over the ladder's start.
GainOf gains_over(const Cell& start, const ScenarioCells& scenario, const Gains& gains) {
  return [&](const Rung& rung) -> std::optional<Gain> {
    const auto place = [&](const Cell* cell) {
      return static_cast<std::size_t>(cell - scenario.cells.data());
    };
    if (rung.before == &start) return gains.of_cells()[place(rung.after)];
    const std::pair<std::size_t, int> terms[] = {{place(rung.after), 1}, {place(rung.before), -1}};
    return gains.combined(terms);
  };
}

Value factor_of(const std::optional<Gain>& gain) {
  return gain ? Value(gain->factor) : std::nullopt;
}

// Gains multiply, so their logarithms add up to 1.
Value share_of(const Value& gain, const Value& whole) {
  if (!gain || !whole || std::abs(*whole - 1) < kSmallestGainToShare) return std::nullopt;
  return std::log(*gain) / std::log(*whole);
}

// Parameters that a rank holds.
Value num_parameters(const Cell& cell) {
  const Value bytes = value_of(cell, "mem_estimate_parameters");
  return bytes ? Value(*bytes / (cell.axis("dtype") == "fp32" ? 4 : 2)) : std::nullopt;
}

Value bytes_a_parameter(const Cell& cell, const char* metric) {
  const Value bytes = value_of(cell, metric);
  const Value parameters = num_parameters(cell);
  const bool known = bytes && parameters && *parameters > 0;
  return known ? Value(*bytes / *parameters) : std::nullopt;
}

Column column_of(const std::vector<Rung>& rungs, Column column,
                 const std::function<Entry(const Rung&)>& entry_of) {
  for (const Rung& rung : rungs) column.add(entry_of(rung));
  return column;
}

void add_memory_columns(const std::vector<Rung>& rungs, const char* metric, Table& table) {
  std::vector<Value> changes;
  for (const Rung& rung : rungs) {
    const Value change = difference(rung, metric);
    changes.push_back(change ? Value(std::abs(*change)) : std::nullopt);
  }
  NumberStyle style = bytes_style(changes);
  style.format = format_signed;
  table.push_back(column_of(rungs, number_column(fmt::format("{} Δ", metric), style),
                            [&](const Rung& rung) -> Entry { return difference(rung, metric); }));
  const Column title = number_column(fmt::format("{} / parameter", metric), {"bytes", "B"});
  Column each = column_of(rungs, title, [&](const Rung& rung) -> Entry {
    const Value before = bytes_a_parameter(*rung.before, metric);
    const Value after = bytes_a_parameter(*rung.after, metric);
    if (!before && !after) return {};
    return format_number(before) + " → " + format_number(after);
  });
  if (each.is_measured()) table.push_back(std::move(each));
}

}  // namespace

std::vector<Rung> ladder_of(const ScenarioCells& scenario, const Reference& reference) {
  // No axis changes twice, so that the many cells of a matrix need not be tried one by one.
  const std::size_t most = scenario.varying_axes.size() + 1;
  if (scenario.cells.size() < 3 || scenario.cells.size() > most) return {};
  for (const bool named : {true, false}) {
    for (const Cell& start : scenario.cells) {
      if (reference.named_by(start) != named) continue;
      std::vector<Rung> rungs = climb(start, scenario);
      if (!rungs.empty()) return rungs;
    }
  }
  return {};
}

AxisValues start_of(const std::vector<Rung>& rungs, const ScenarioCells& scenario) {
  AxisValues start;
  for (const std::string& axis : scenario.varying_axes) {
    const std::string value = rungs.front().before->axis(axis);
    if (!value.empty()) start.emplace_back(axis, value);
  }
  return start;
}

Table ladder_table(const ScenarioCells& scenario, const Reference& reference) {
  std::vector<Rung> rungs = ladder_of(scenario, reference);
  if (rungs.empty()) return {};
  rungs.push_back({"all", rungs.front().before, rungs.back().after});
  const Reference start(scenario, start_of(rungs, scenario));
  const Gains gains(scenario, start, "runtime");
  const GainOf gain_of = gains_over(*rungs.front().before, scenario, gains);
  const Value whole = factor_of(gain_of(rungs.back()));
  Table table = {column_of(rungs, key_column("rung"), std::mem_fn(&Rung::change))};
  table.push_back(
      column_of(rungs, number_column("runtime gain", kFactor), [&](const Rung& rung) -> Entry {
        const auto gain = gain_of(rung);
        return gain ? gain_entry(*gain) : Entry();
      }));
  table.push_back(column_of(
      rungs, number_column("share of gain", kShare),
      [&](const Rung& rung) -> Entry { return share_of(factor_of(gain_of(rung)), whole); }));
  add_memory_columns(rungs, "mem_alloc", table);
  add_memory_columns(rungs, "mem_peak", table);
  return table;
}

}  // namespace moebench::reports
