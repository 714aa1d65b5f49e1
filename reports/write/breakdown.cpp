#include "reports/write/breakdown.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "harness/config/engine.h"
#include "harness/measure/message_times.h"
#include "reports/write/columns.h"
#include "reports/write/format_value.h"
#include "reports/write/labels.h"
#include "reports/write/step_phases.h"

namespace moebench::reports {
namespace {

using record::CellRecord;

std::optional<double> share_of_step(const CellRecord& record, const std::string& metric) {
  const auto step = mean_step_ns(record);
  const auto time = record.value(metric);
  return step && time && *step > 0 ? std::optional(*time / *step) : std::nullopt;
}

std::optional<double> phase_share(const CellRecord& record, const std::string& phase) {
  return share_of_step(record, "phase_time_" + phase);
}

// Communication that computing hid, which is no part of a step's sum.
std::optional<double> hidden_share(const CellRecord& record, const std::string& phase) {
  return share_of_step(record, "hidden_time_" + phase);
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

Column share_column(const std::vector<Cell>& cells, const std::string& title,
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

constexpr const char* kStep = "step";

}  // namespace

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
  for (const measure::Phase early : measure::kStartedEarly) {
    const std::string phase = to_string(early);
    shares.push_back(share_column(cells, "hidden " + phase,
                                  [phase](const CellRecord& r) { return hidden_share(r, phase); }));
  }
  Table table = measured_table(scenario, cells, std::move(shares));
  if (table.empty()) return {};
  const auto step = value_column(
      cells, "step", [](const Cell& cell) { return mean_step_ns(cell.typical()); }, kSeconds);
  table.insert(table.begin() + std::ssize(scenario.varying_axes), step);
  return table;
}

namespace {

// A phase as a row: what of its step a record spent in it.
struct PhaseRow {
  std::string name;
  std::function<std::optional<double>(const CellRecord&)> share_of;
};

std::vector<PhaseRow> phase_rows() {
  std::vector<PhaseRow> rows;
  const auto add = [&](const char* phase) {
    rows.push_back({phase, [phase](const CellRecord& r) { return phase_share(r, phase); }});
  };
  for (const char* phase : kCoarsePhases) add(phase);
  for (const char* phase : kStepPhases) add(phase);
  rows.push_back({"backward", [](const CellRecord& r) { return phase_share(r, "backward"); }});
  rows.push_back({kStep, [](const CellRecord&) { return std::optional(1.0); }});
  for (const measure::Phase early : measure::kStartedEarly) {
    const std::string phase = to_string(early);
    rows.push_back(
        {"hidden " + phase, [phase](const CellRecord& r) { return hidden_share(r, phase); }});
  }
  return rows;
}

std::optional<double> phase_ns(const Cell& cell, const PhaseRow& row) {
  const auto step = mean_step_ns(cell.typical());
  const auto share = row.share_of(cell.typical());
  return step && share ? std::optional(*step * *share) : std::nullopt;
}

bool has_phases(const Cell& cell) {
  return cell.ok() && std::ranges::any_of(phase_rows(), [&](const PhaseRow& row) {
           return row.name != kStep && phase_ns(cell, row).has_value();
         });
}

// The reference first.
Table side_by_side(const std::vector<const Cell*>& arms, const std::vector<std::string>& axes) {
  std::vector<PhaseRow> rows = phase_rows();
  std::erase_if(rows, [&](const PhaseRow& row) {
    return std::ranges::none_of(arms,
                                [&](const Cell* arm) { return phase_ns(*arm, row).has_value(); });
  });
  Table table = {key_column("phase")};
  for (const PhaseRow& row : rows) table.front().add(row.name);
  for (const Cell* arm : arms) {
    const std::string label = label_of(*arm, axes);
    table.push_back(number_column(label.empty() ? "step" : label, kMilliseconds));
    for (const PhaseRow& row : rows) table.back().add(phase_ns(*arm, row));
    if (arm == arms.front()) continue;
    NumberStyle style = kMilliseconds;
    style.format = format_signed;
    table.push_back(number_column("Δ", style));
    for (const PhaseRow& row : rows) {
      const auto before = phase_ns(*arms.front(), row), now = phase_ns(*arm, row);
      const bool any = before || now;
      table.back().add(any ? std::optional(now.value_or(0) - before.value_or(0)) : std::nullopt);
    }
  }
  return table;
}

// The cells with phases by their reference, itself first; one without any is alone.
std::vector<std::vector<const Cell*>> comparisons_of(const Comparison& of) {
  std::map<const Cell*, std::size_t> places;
  std::vector<std::vector<const Cell*>> comparisons;
  const auto group_of = [&](const Cell* reference) -> std::vector<const Cell*>& {
    const auto [place, is_new] = places.try_emplace(reference, comparisons.size());
    if (is_new) comparisons.push_back({reference});
    return comparisons[place->second];
  };
  for (std::size_t i = 0; i < of.references.size(); ++i) {
    const Cell& cell = of.scenario.cells[i];
    if (!has_phases(cell)) continue;
    const Cell* reference = of.references[i];
    const bool is_compared = reference && reference != &cell && has_phases(*reference);
    auto& group = group_of(is_compared ? reference : &cell);
    if (is_compared) group.push_back(&cell);
  }
  return comparisons;
}

}  // namespace

void add_phases(Document& document, const Comparison& of, bool is_folded) {
  const char* title = "Where the time goes";
  const auto comparisons = comparisons_of(of);
  const bool fits =
      comparisons.size() <= kMaxComparisons &&
      std::ranges::all_of(comparisons, [](const auto& arms) { return arms.size() <= kMaxArms; });
  if (!fits) return add_section(document, {3, title, is_folded}, phase_table(of.scenario));
  for (const auto& arms : comparisons) {
    std::string heading = title;
    if (comparisons.size() > 1) {
      heading += ": " + label_of(*arms.front(), of.scenario.varying_axes);
    }
    add_section(document, {3, heading, is_folded}, side_by_side(arms, of.scenario.varying_axes));
  }
}

}  // namespace moebench::reports
