#include "reports/write/comparison.h"

#include <algorithm>

#include "reports/write/breakdown.h"
#include "reports/write/columns.h"
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

void add_improvement_columns(const ScenarioCells& scenario, const Baseline& baseline,
                             Table& table) {
  if (!baseline.exists_in(scenario)) return;
  const auto add = [&](const char* title, const Improvement& improvement) {
    table.push_back(improvement_column(scenario, baseline, title, improvement));
  };
  add("mem_peak Δ", change_in("mem_peak"));
  add("mem_alloc Δ", change_in("mem_alloc"));
  add("runtime gain", times_less("runtime"));
  add("tokens/s gain", times_more("tokens_per_second"));
}

// The share with recomputation stands only where some cell recomputes.
void add_share_columns(const ScenarioCells& scenario, Table& table) {
  const auto& cells = scenario.cells;
  const auto add = [&](const char* title, const char* metric) {
    Column column = value_column(cells, title, median_of(metric), kShare);
    if (column.is_measured()) table.push_back(std::move(column));
  };
  add("share of GEMM rate", "gemm_share");
  if (std::ranges::any_of(cells, recomputes)) add("with recompute", "hardware_gemm_share");
}

Table comparison_table(const ScenarioCells& scenario, const Baseline& baseline) {
  const auto& cells = scenario.cells;
  Table table = axis_columns(scenario, cells);
  table.push_back(bytes_column(cells, "mem_peak", "mem_peak"));
  table.push_back(bytes_column(cells, "mem_alloc", "mem_alloc"));
  table.push_back(seconds_column(cells, "runtime", "runtime"));
  table.push_back(
      value_column(cells, "tokens/s", median_of("tokens_per_second"), kTokensPerSecond));
  add_repetition_columns(scenario, table);
  add_share_columns(scenario, table);
  add_improvement_columns(scenario, baseline, table);
  if (const auto program = program_column(scenario)) table.push_back(*program);
  if (const auto result = result_column(cells)) table.push_back(*result);
  return table;
}

Table token_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = scenario.ok_cells();
  return measured_table(
      scenario, cells,
      {
          seconds_column(cells, "first step", "first_step_time"),
          seconds_column(cells, "load", "load_time"),
          seconds_column(cells, "load checkpoint", "checkpoint_load_time"),
          seconds_column(cells, "save checkpoint", "checkpoint_save_time"),
          bytes_column(cells, "checkpoint", "checkpoint_bytes"),
          value_column(cells, "real tokens", median_of("real_tokens"), kTokens),
          value_column(cells, "padding tokens", median_of("padding_tokens"), kTokens),
          value_column(cells, "loss tokens", median_of("loss_tokens"), kTokens),
          value_column(cells, "padded tokens/s", median_of("padded_tokens_per_second"),
                       kTokensPerSecond),
          value_column(cells, "global tokens/s", median_of("global_tokens_per_second"),
                       kTokensPerSecond),
          bytes_column(cells, "rss_peak", "rss_peak"),
          value_column(cells, "final loss", median_of("loss"), kPlain),
          value_column(cells, "expert imbalance", median_of("expert_imbalance"), kPlain),
          value_column(cells, "rank imbalance", median_of("rank_imbalance"), kPlain),
      });
}

}  // namespace

void add_comparison(Document& document, const ScenarioCells& scenario, const Baseline& baseline) {
  add_table(document, comparison_table(scenario, baseline));
  add_section(document, {3, "What each rung contributes"}, ladder_table(scenario, baseline));
  add_section(document, {3, "Tokens and time"}, token_table(scenario));
  add_section(document, {3, "Memory"}, memory_table(scenario));
  add_section(document, {3, "Device memory"}, device_memory_table(scenario));
  add_section(document, {3, "Where the time goes"}, phase_table(scenario));
  add_list(document, notes_of(scenario, baseline));
}

}  // namespace moebench::reports
