#include "reports/write/imported.h"

#include <algorithm>
#include <array>
#include <set>

#include "reports/write/columns.h"
#include "reports/write/notes.h"

namespace moebench::reports {
namespace {

constexpr std::string_view kCounter = "benchmark_counter.";
constexpr const char* kRealTime = "benchmark_real_time";

constexpr std::array kTimes = {NumberStyle{"ns", "s", kNsPerSecond},
                               NumberStyle{"ns", "ms", kNsPerMillisecond},
                               NumberStyle{"ns", "µs", 1e3}, NumberStyle{"ns", "ns", 1}};

// The largest unit in which the shortest time is at least 1.
NumberStyle time_style(const std::vector<Cell>& cells) {
  std::optional<double> shortest;
  for (const Cell& cell : cells) {
    const auto time = cell.value(kRealTime);
    if (time && *time > 0) shortest = std::min(shortest.value_or(*time), *time);
  }
  const auto* style = std::ranges::find_if(kTimes, [&](const NumberStyle& candidate) {
    return shortest.value_or(1) >= candidate.divisor;
  });
  return style == kTimes.end() ? kTimes.back() : *style;
}

std::set<std::string> counters_of(const ScenarioCells& scenario) {
  std::set<std::string> names;
  for (const Cell& cell : scenario.cells) {
    for (const auto& [name, metric] : cell.typical().metrics) {
      if (name.starts_with(kCounter)) names.insert(name);
    }
  }
  return names;
}

void add_measured(Table& table, Column column) {
  if (column.is_measured()) table.push_back(std::move(column));
}

Table benchmark_table(const ScenarioCells& scenario) {
  const auto& cells = scenario.cells;
  Table table = axis_columns(scenario, cells);
  const NumberStyle time = time_style(cells);
  table.push_back(value_column(cells, "real time", typical_of(kRealTime), time));
  table.push_back(value_column(cells, "CPU time", typical_of("benchmark_cpu_time"), time));
  add_measured(table, metric_column(cells, "benchmark_bytes_per_second"));
  add_measured(table, metric_column(cells, "benchmark_items_per_second"));
  for (const std::string& name : counters_of(scenario)) {
    const std::string title = name.substr(kCounter.size());
    add_measured(table, value_column(cells, title, typical_of(name.c_str()), kPlain, name));
  }
  add_measured(table, metric_column(cells, "benchmark_iterations"));
  const bool is_repeated =
      std::ranges::any_of(cells, [](const Cell& cell) { return cell.repetitions.size() > 1; });
  if (is_repeated) {
    table.push_back(repetitions_column(cells));
    table.push_back(spread_column(cells, "real time min..max", kRealTime));
  }
  if (const auto result = result_column(cells)) table.push_back(*result);
  return table;
}

}  // namespace

bool is_benchmarks(const ScenarioCells& scenario) {
  return std::ranges::any_of(scenario.cells, [](const Cell& cell) {
    return record::fact(cell.first().environment, "imported") == "gbench";
  });
}

void add_benchmarks(Document& document, const ScenarioCells& scenario) {
  add_table(document, benchmark_table(scenario));
  add_list(document,
           notes_of(scenario, {"real time, CPU time: of an iteration, as Google Benchmark measures "
                               "them; a row shows the repetition whose real time is the median."}));
}

Table imported_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = scenario.ok_cells();
  return measured_table(
      scenario, cells,
      metric_columns(cells, {"gpu_memory_mean", "mean_loss", "samples_per_second"}));
}

}  // namespace moebench::reports
