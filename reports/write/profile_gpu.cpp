#include "reports/write/profile_gpu.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "harness/base/units.h"
#include "reports/write/format_value.h"
#include "reports/write/profile_values.h"
#include "reports/write/step_phases.h"
#include "reports/write/table.h"

namespace moebench::reports {
namespace {

// No record says what launched it.
constexpr const char* kUnattributed = "unattributed";

double value(const Cell& cell, const std::string& metric) {
  return cell.median(metric).value_or(0);
}

std::string milliseconds(double ns) {
  return ns == 0 ? kNone : format_number(ns / kNsPerMillisecond);
}

bool is_traced(const Cell& cell) {
  return is_profiled(cell) && cell.median("gpu_busy_time").has_value();
}

double num_ranks(const Cell& cell) {
  return static_cast<double>(std::max<std::size_t>(1, rank_values(cell, "gpu_busy_time").size()));
}

// Of a step on one rank's GPU, mean over steps and ranks.
double window_ns(const Cell& cell) {
  return value(cell, "gpu_busy_time") + value(cell, "gpu_idle_time");
}

// A kernel or copy in a phase: of one step, mean over the ranks.
struct ActivityRow {
  std::string phase;
  std::string name;
  double calls = 0;
  double time_ns = 0;
};

std::vector<ActivityRow> activity_rows(const Cell& cell) {
  std::vector<ActivityRow> rows;
  for (const std::string& key : names_after(cell, "gpu_activity_time.")) {
    const std::size_t dot = key.find('.');
    rows.push_back({key.substr(0, dot), key.substr(dot + 1),
                    value(cell, "gpu_activity_calls." + key) / num_ranks(cell),
                    value(cell, "gpu_activity_time." + key) / num_ranks(cell)});
  }
  std::ranges::stable_sort(rows, std::ranges::greater(), &ActivityRow::time_ns);
  return rows;
}

std::string totals_text(const Cell& cell) {
  const double window = window_ns(cell);
  const auto share = [&](const char* metric) {
    const double ns = value(cell, metric);
    const auto of_window = window > 0 ? std::optional(ns / window) : std::nullopt;
    return fmt::format("{} ms ({})", milliseconds(ns), format_share(of_window));
  };
  std::string text = fmt::format(
      "Of a traced step of {} ms a GPU was busy for {} and idle for {}. Communication ran for {}, "
      "exposed, that is with no other kernel beside it, for {}. Means over steps and ranks.\n\n",
      milliseconds(window), share("gpu_busy_time"), share("gpu_idle_time"), share("gpu_comm_time"),
      share("gpu_exposed_comm_time"));
  if (const double calls = value(cell, "gpu_allocations"); calls > 0) {
    text +=
        fmt::format("Device memory was taken from the driver {} times a step, {} MB.\n\n",
                    format_number(calls), format_number(value(cell, "gpu_allocated_bytes") / 1e6));
  }
  if (const double lost = value(cell, "gpu_dropped_records"); lost > 0) {
    text +=
        fmt::format("**{} records were lost: GPU times are too small.**\n\n", format_count(lost));
  }
  return text;
}

std::string phase_table(const Cell& cell) {
  Table table = {{"phase", Align::kLeft}, {"GPU time (ms)"}, {"of the step"}, {"idle (ms)"}};
  const double window = window_ns(cell);
  std::vector<std::string> phases(kStepPhases.begin(), kStepPhases.end());
  phases.emplace_back(kUnattributed);
  for (const std::string& phase : phases) {
    const double time = value(cell, "gpu_time." + phase), idle = value(cell, "gpu_idle." + phase);
    if (time == 0 && idle == 0) continue;
    add_row(table, {phase, milliseconds(time),
                    format_share(window > 0 ? std::optional(time / window) : std::nullopt),
                    milliseconds(idle)});
  }
  return fmt::format(
      "{}\nWork belongs to the phase in which the host launched it; streams that ran at once are "
      "added up. idle: the GPU had nothing to do while the host was in the phase.\n\n",
      to_markdown(table));
}

std::string kernel_table(const Cell& cell, std::size_t top) {
  Table table = {{"calls"},
                 {"GPU time (ms)"},
                 {"a call (us)"},
                 {"kernel or copy", Align::kLeft},
                 {"launched in", Align::kLeft}};
  auto rows = activity_rows(cell);
  const std::size_t num_rows = rows.size();
  rows.resize(std::min(rows.size(), top));
  for (const ActivityRow& row : rows) {
    const auto per_call =
        row.calls > 0 ? std::optional(row.time_ns / row.calls / 1e3) : std::nullopt;
    add_row(table, {format_number(row.calls), milliseconds(row.time_ns), format_number(per_call),
                    row.name, row.phase});
  }
  if (table.front().cells.empty()) return "";
  return fmt::format("#### GPU kernels\n\n{}\nA step, means over ranks; {} of {} rows.\n\n",
                     to_markdown(table), rows.size(), num_rows);
}

std::string copy_table(const Cell& cell) {
  Table table = {{"copy", Align::kLeft}, {"calls"}, {"MB"}, {"GPU time (ms)"}, {"GB/s"}};
  for (const std::string& direction : names_after(cell, "gpu_copy_time.")) {
    const auto of = [&](const char* what) {
      return value(cell, fmt::format("gpu_copy_{}.{}", what, direction)) / num_ranks(cell);
    };
    const double ns = of("time"), bytes = of("bytes");
    add_row(table,
            {direction, format_number(of("calls")), format_number(bytes / 1e6), milliseconds(ns),
             format_number(ns > 0 ? std::optional(bytes / ns) : std::nullopt)});
  }
  if (table.front().cells.empty()) return "";
  return fmt::format(
      "#### GPU copies\n\n{}\nA step, means over ranks. GB/s: while one copies, bytes counted "
      "once.\n\n",
      to_markdown(table));
}

}  // namespace

std::string gpu_hotspots_section(const ScenarioCells& scenario, std::size_t top) {
  struct Hotspot {
    const Cell* cell;
    ActivityRow row;
    double share;
  };
  std::vector<Hotspot> hotspots;
  for (const Cell& cell : scenario.cells) {
    if (!is_traced(cell) || window_ns(cell) == 0) continue;
    for (const ActivityRow& row : activity_rows(cell)) {
      hotspots.push_back({&cell, row, row.time_ns / window_ns(cell)});
    }
  }
  if (hotspots.empty()) return "";
  std::ranges::stable_sort(hotspots, std::ranges::greater(), &Hotspot::share);
  hotspots.resize(std::min(hotspots.size(), top));
  Table table = {{"cell", Align::kLeft},
                 {"launched in", Align::kLeft},
                 {"kernel or copy", Align::kLeft},
                 {"of its steps"},
                 {"GPU time (ms)"},
                 {"calls"}};
  for (const auto& [cell, row, share] : hotspots) {
    add_row(table, {name_in(scenario, *cell), row.phase, row.name, format_share(share),
                    milliseconds(row.time_ns), format_number(row.calls)});
  }
  return fmt::format(
      "### GPU hotspots\n\n{}\nShare of a cell's traced steps in which it ran on the GPU; a step, "
      "means over ranks. What ran at once on several streams counts on each.\n\n",
      to_markdown(table));
}

std::string gpu_section(const Cell& cell, std::size_t top) {
  if (!is_traced(cell)) return "";
  return "#### GPU\n\n" + totals_text(cell) + phase_table(cell) + kernel_table(cell, top) +
         copy_table(cell);
}

}  // namespace moebench::reports
