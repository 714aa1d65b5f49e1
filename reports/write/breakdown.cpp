#include "reports/write/breakdown.h"

#include <string_view>

#include "harness/config/engine.h"
#include "reports/write/columns.h"
#include "reports/write/step_phases.h"

namespace moebench::reports {
namespace {

using record::CellRecord;

std::optional<double> mean_step_ns(const CellRecord& record) {
  const auto found = record.metrics.find("step_time");
  if (found == record.metrics.end() || found->second.per_rank.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& rank : found->second.per_rank) {
    if (!rank) return std::nullopt;
    sum += *rank;
  }
  return sum / static_cast<double>(found->second.per_rank.size());
}

std::optional<double> phase_share(const CellRecord& record, const std::string& phase) {
  const auto step = mean_step_ns(record);
  const auto time = record.value("phase_time_" + phase);
  return step && time && *step > 0 ? std::optional(*time / *step) : std::nullopt;
}

bool is_backward(std::string_view phase) { return phase.ends_with(kBackward); }

// Returns the share of all backward phases together; of other engines, that of their one.
std::optional<double> backward_share(const CellRecord& record) {
  std::optional<double> sum = phase_share(record, "backward");
  for (const char* phase : kStepPhases) {
    const auto share = is_backward(phase) ? phase_share(record, phase) : std::nullopt;
    if (share) sum = sum.value_or(0) + *share;
  }
  return sum;
}

Column share_column(const std::vector<Cell>& cells, const char* title,
                    const std::function<std::optional<double>(const CellRecord&)>& share) {
  return value_column(
      cells, title, [&](const Cell& cell) { return share(cell.typical()); }, kShare);
}

// value / estimate - 1.
Column deviation_column(const std::vector<Cell>& cells, const std::string& title,
                        const char* metric, const char* estimate) {
  const auto deviation = [&](const Cell& cell) -> std::optional<double> {
    const auto value = cell.value(metric);
    const auto expected = cell.value(estimate);
    if (!value || !expected || *expected == 0) return std::nullopt;
    return *value / *expected - 1;
  };
  return value_column(cells, title, deviation, kChange);
}

// The ok cells but for those of other engines, which measure none.
std::vector<Cell> cells_with_tensor_memory(const ScenarioCells& scenario) {
  std::vector<Cell> cells = scenario.ok_cells();
  std::erase_if(cells,
                [](const Cell& cell) { return cell.axis("engine") != config::kBuiltinEngine; });
  return cells;
}

// Phases that the built-in engine does not have: its own are finer.
constexpr const char* kCoarsePhases[] = {"forward", "communication"};

}  // namespace

Table device_memory_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = cells_with_tensor_memory(scenario);
  return measured_table(
      scenario, cells,
      {metric_column(cells, "mem_reserved_load"), metric_column(cells, "mem_reserved_first_step"),
       metric_column(cells, "mem_reserved_steady_step"),
       metric_column(cells, "mem_device_steady_step"),
       metric_column(cells, "mem_outside_allocator_steady_step"),
       metric_column(cells, "mem_alloc_retries")});
}

Table memory_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = cells_with_tensor_memory(scenario);
  return measured_table(
      scenario, cells,
      {metric_column(cells, "mem_alloc_load"), metric_column(cells, "mem_peak_load"),
       metric_column(cells, "mem_peak_first_step"), metric_column(cells, "mem_peak_steady_step"),
       metric_column(cells, "mem_estimate"),
       deviation_column(cells, "peak / estimate", "mem_peak", "mem_estimate"),
       metric_column(cells, "mem_estimate_alloc"),
       deviation_column(cells, "alloc / estimate", "mem_alloc", "mem_estimate_alloc"),
       metric_column(cells, "mem_estimate_gathered"),
       metric_column(cells, "mem_estimate_activations"), metric_column(cells, "rss_outside_load"),
       metric_column(cells, "rss_outside_end")});
}

Table phase_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = scenario.ok_cells();
  Table shares;
  for (const char* phase : kCoarsePhases) {
    shares.push_back(
        share_column(cells, phase, [phase](const CellRecord& r) { return phase_share(r, phase); }));
  }
  for (const char* phase : kStepPhases) {
    if (!is_backward(phase)) {
      shares.push_back(share_column(
          cells, phase, [phase](const CellRecord& r) { return phase_share(r, phase); }));
    } else if (shares.back().title != "backward") {
      shares.push_back(share_column(cells, "backward", backward_share));
    }
  }
  Table table = measured_table(scenario, cells, std::move(shares));
  if (table.empty()) return {};
  const auto step = value_column(
      cells, "step", [](const Cell& cell) { return mean_step_ns(cell.typical()); }, kSeconds);
  table.insert(table.begin() + std::ssize(scenario.varying_axes), step);
  return table;
}

}  // namespace moebench::reports
