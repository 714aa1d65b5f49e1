#include "reports/write/comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/record/metric_catalogue.h"
#include "reports/write/breakdown.h"
#include "reports/write/columns.h"
#include "reports/write/engines.h"
#include "reports/write/ladder.h"
#include "reports/write/loading.h"
#include "reports/write/notes.h"

namespace moebench::reports {
namespace {

void add_repetition_columns(const ScenarioCells& scenario, Table& table) {
  const auto& cells = scenario.cells;
  const bool repeated = std::any_of(cells.begin(), cells.end(),
                                    [](const Cell& cell) { return cell.repetitions.size() > 1; });
  if (!repeated) return;
  table.push_back(repetitions_column(cells));
  table.push_back(spread_column(cells, "runtime min..max", "runtime"));
}

void add_improvement_columns(const ScenarioCells& scenario, const Reference& reference,
                             Table& table) {
  if (!reference.exists_in(scenario)) return;
  const auto add = [&](const char* title, const Improvement& improvement) {
    table.push_back(improvement_column(scenario, reference, title, improvement));
  };
  for (const char* metric : headline_metrics(scenario)) {
    const record::MetricInfo& info = record::metric_info(metric);
    if (info.unit == "bytes") add(fmt::format("{} Δ", info.title).c_str(), change_in(metric));
  }
  add("runtime gain", times_less("runtime"));
  add("tokens/s gain", times_more("tokens_per_second"));
}

// The share with recomputation stands only where some cell recomputes.
void add_share_columns(const ScenarioCells& scenario, const GemmRates& rates, Table& table) {
  const auto& cells = scenario.cells;
  const auto add = [&](const char* flops, const char* share) {
    const ValueOf value = [&](const Cell& cell) {
      return rates.share(cell.typical(), flops, share);
    };
    const std::string title(record::metric_info(share).title);
    Column column = value_column(cells, title, value, kShare);
    if (column.is_measured()) table.push_back(std::move(column));
  };
  add("model_flops_per_second", "gemm_share");
  if (std::ranges::any_of(cells, recomputes)) {
    add("hardware_flops_per_second", "hardware_gemm_share");
  }
}

Table comparison_table(const ScenarioCells& scenario, const Reference& reference,
                       const GemmRates& rates) {
  const auto& cells = scenario.cells;
  Table table = axis_columns(scenario, cells);
  for (const char* metric : headline_metrics(scenario)) {
    table.push_back(metric_column(cells, metric));
  }
  add_repetition_columns(scenario, table);
  add_share_columns(scenario, rates, table);
  add_improvement_columns(scenario, reference, table);
  if (const auto program = program_column(scenario)) table.push_back(*program);
  if (const auto result = result_column(cells)) table.push_back(*result);
  return table;
}

Table token_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = scenario.ok_cells();
  return measured_table(
      scenario, cells,
      metric_columns(
          cells, {"first_step_time", "load_time", "checkpoint_load_time", "checkpoint_save_time",
                  "checkpoint_bytes", "real_tokens", "padding_tokens", "loss_tokens",
                  "padded_tokens_per_second", "global_tokens_per_second", "rss_peak", "loss",
                  "expert_imbalance", "rank_imbalance"}));
}

}  // namespace

void add_comparison(Document& document, const ScenarioCells& scenario, const Reference& reference,
                    const GemmRates& rates) {
  add_table(document, comparison_table(scenario, reference, rates));
  add_section(document, {3, "What each rung contributes"}, ladder_table(scenario, reference));
  add_section(document, {3, "Tokens and time"}, token_table(scenario));
  add_section(document, {3, "Processes"}, process_table(scenario));
  add_section(document, {3, "Memory"}, memory_table(scenario));
  add_section(document, {3, "Device memory"}, device_memory_table(scenario));
  add_section(document, {3, "Where the time goes"}, phase_table(scenario));
  add_list(document, notes_of(scenario, reference, rates));
}

}  // namespace moebench::reports
