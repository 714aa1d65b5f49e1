#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "harness/base/utc_time.h"
#include "reports/figures/groups.h"
#include "reports/write/gemm_rates.h"

namespace moebench::reports {
namespace {

struct Run {
  const record::CellRecord* record;
  std::size_t row;
  double start_s;
  double length_s;
};

// How long a run took in all; records of other programs and of before may not say, then what they
// do say.
double length_of(const record::CellRecord& record) {
  for (const char* metric : {"run_time", "process_wall_time"}) {
    if (const auto ns = record.value(metric)) return *ns / kSeconds.divisor;
  }
  double sum = 0;
  for (const char* metric : {"load_time", "first_step_time", "runtime"}) {
    sum += record.value(metric).value_or(0);
  }
  return sum / kSeconds.divisor;
}

struct Panel {
  const char* metric;
  const char* title;
  NumberStyle style;
  bool from_zero;
};
constexpr std::array kPanels = {
    Panel{"other_cores", "cores busy with something else", kPlain, true},
    Panel{"core_clock", "clock of the fastest core", {"Hz", "GHz", 1e9}, false},
    Panel{"swap_growth", "swapped out", kMegabytes, true},
    Panel{"gpu_sm_clock", "clock of the slowest GPU", {"Hz", "GHz", 1e9}, false},
    Panel{"gpu_throttled_share", "share of time throttled", kPlain, true},
    Panel{"gpu_temperature", "hottest GPU", {"celsius", "°C", 1}, false},
    Panel{"gemm_flops_per_second", "GEMM rate before the steps", {"FLOP/s", "GFLOP/s", 1e9}, true}};

// A GEMM rate that was taken over says nothing of the machine then.
std::optional<double> measured_value(const record::CellRecord& record, const char* metric) {
  const bool is_rate = std::string_view(metric) == "gemm_flops_per_second";
  if (is_rate && record.environment.contains(kGemmRateOf)) return std::nullopt;
  return record.value(metric);
}

std::vector<Run> runs_of(const ScenarioCells& scenario) {
  std::vector<Run> runs;
  for (std::size_t row = 0; row < scenario.cells.size(); ++row) {
    for (const record::CellRecord* record : scenario.cells[row].repetitions) {
      const auto start = seconds_since_epoch(record->started_at);
      const double length = length_of(*record);
      if (start && length > 0) {
        runs.push_back({record, row, static_cast<double>(*start), length});
      }
    }
  }
  std::ranges::stable_sort(runs, {}, &Run::start_s);
  return runs;
}

}  // namespace

Figures session_figures(const Subject& subject) {
  const std::vector<Run> runs = runs_of(subject.scenario);
  if (runs.size() < 2) return {};
  const double begin = runs.front().start_s;
  Json rows = Json::array(), bars = Json::array();
  for (const Cell& cell : subject.scenario.cells) rows.push_back(label_of(subject.scenario, cell));
  Table numbers = {key_column("cell"), number_column("repetition", kCount), words_column("started"),
                   number_column("length", {"ns", "s", 1e9}, "length")};
  std::vector<Json> points(kPanels.size(), Json::array());
  std::vector<Column> columns;
  for (const Panel& panel : kPanels) {
    columns.push_back(number_column(panel.title, panel.style, panel.metric));
  }
  for (const Run& run : runs) {
    const double from = run.start_s - begin;
    bars.push_back({{"row", run.row},
                    {"from", from},
                    {"to", from + run.length_s},
                    {"name", fmt::format("repetition {}", run.record->repetition)},
                    {"ok", run.record->disposition == record::Disposition::kOk}});
    add_row(numbers, {rows[run.row].get<std::string>(), static_cast<double>(run.record->repetition),
                      run.record->started_at, run.length_s * 1e9});
    for (std::size_t i = 0; i < kPanels.size(); ++i) {
      const auto value = measured_value(*run.record, kPanels[i].metric);
      columns[i].add(value);
      if (value) points[i].push_back({from, printed(value, kPanels[i].style)});
    }
  }
  Json panels = Json::array();
  for (std::size_t i = 0; i < kPanels.size(); ++i) {
    if (points[i].empty()) continue;
    panels.push_back({{"title", kPanels[i].title},
                      {"unit", kPanels[i].style.printed_unit},
                      {"zero", kPanels[i].from_zero},
                      {"points", std::move(points[i])}});
    numbers.push_back(std::move(columns[i]));
  }
  const Json data = {{"time", {{"title", "since the first run began"}, {"unit", "s"}}},
                     {"rows", std::move(rows)},
                     {"runs", std::move(bars)},
                     {"panels", std::move(panels)}};
  return {make_figure("session", "What ran when, and what the machine did meanwhile", "timeline",
                      data, std::move(numbers))};
}

}  // namespace moebench::reports
