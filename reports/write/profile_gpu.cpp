#include "reports/write/profile_gpu.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "harness/base/units.h"
#include "reports/write/format_value.h"
#include "reports/write/profile_values.h"
#include "reports/write/step_phases.h"

namespace moebench::reports {
namespace {

// No record says what launched it.
constexpr const char* kUnattributed = "unattributed";

std::string milliseconds(double ns) {
  return ns == 0 ? kNone : format_number(ns / kNsPerMillisecond);
}

std::optional<double> unless_zero(double value) {
  return value == 0 ? std::nullopt : std::optional(value);
}

bool is_traced(const Cell& cell) {
  return is_profiled(cell) && cell.value("gpu_busy_time").has_value();
}

double num_ranks(const Cell& cell) {
  return static_cast<double>(std::max<std::size_t>(1, rank_values(cell, "gpu_busy_time").size()));
}

// Returns the window of a step on one rank's GPU, mean over steps and ranks.
double window_ns(const Cell& cell) {
  return value(cell, "gpu_busy_time") + value(cell, "gpu_idle_time");
}

void add_totals(Document& document, const Cell& cell) {
  const double window = window_ns(cell);
  const auto share = [&](const char* metric) {
    const double ns = value(cell, metric);
    const auto of_window = window > 0 ? std::optional(ns / window) : std::nullopt;
    return fmt::format("{} ms ({})", milliseconds(ns), format_share(of_window));
  };
  add_paragraph(
      document,
      fmt::format(
          "Of a traced step of {} ms a GPU was busy for {} and idle for {}. Communication ran for "
          "{}, "
          "exposed, that is with no other kernel beside it, for {}. Means over steps and ranks.",
          milliseconds(window), share("gpu_busy_time"), share("gpu_idle_time"),
          share("gpu_comm_time"), share("gpu_exposed_comm_time")));
  if (const auto launches = cell.value("gpu_launches"); launches && *launches > 0) {
    add_paragraph(
        document,
        fmt::format("Idle because the host had launched nothing more: {}. What it launched, {} a "
                    "step, began {} ms later, in the mean.",
                    share("gpu_unlaunched_time"), format_number(*launches),
                    milliseconds(value(cell, "gpu_launch_lead"))));
  }
  if (const double calls = value(cell, "gpu_allocations"); calls > 0) {
    add_paragraph(
        document,
        fmt::format("Device memory was taken from the driver {} times a step, {} MB.",
                    format_number(calls), format_number(value(cell, "gpu_allocated_bytes") / 1e6)));
  }
  if (const double lost = value(cell, "gpu_dropped_records"); lost > 0) {
    add_paragraph(document,
                  fmt::format("{} records were lost: GPU times are too small.", format_count(lost)),
                  true);
  }
}

void add_gpu_phases(Document& document, const Cell& cell) {
  Table table = {key_column("phase"), number_column("GPU time", kMilliseconds),
                 number_column("of the step", kShare), number_column("idle", kMilliseconds)};
  const double window = window_ns(cell);
  std::vector<std::string> phases(kStepPhases.begin(), kStepPhases.end());
  phases.emplace_back(kUnattributed);
  for (const std::string& phase : phases) {
    const double time = value(cell, "gpu_time." + phase), idle = value(cell, "gpu_idle." + phase);
    if (time == 0 && idle == 0) continue;
    add_row(table, {phase, unless_zero(time),
                    window > 0 ? std::optional(time / window) : std::nullopt, unless_zero(idle)});
  }
  document.emplace_back(std::move(table));
  add_paragraph(
      document,
      "Work belongs to the phase in which the host launched it; streams that ran at once are added "
      "up. idle: the GPU had nothing to do while the host was in the phase.");
}

void add_kernels(Document& document, const Cell& cell, std::size_t top) {
  Table table = {number_column("calls"), number_column("GPU time", kMilliseconds),
                 number_column("a call", {"ns", "us", 1e3}), key_column("kernel or copy"),
                 key_column("launched in")};
  auto rows = activity_rows(cell);
  const std::size_t num_rows = rows.size();
  rows.resize(std::min(rows.size(), top));
  for (const ActivityRow& row : rows) {
    const auto per_call = row.calls > 0 ? std::optional(row.time_ns / row.calls) : std::nullopt;
    add_row(table, {row.calls, unless_zero(row.time_ns), per_call, row.name, row.phase});
  }
  if (rows.empty()) return;
  add_section(document, {4, "GPU kernels"}, std::move(table));
  add_paragraph(document,
                fmt::format("A step, means over ranks; {} of {} rows.", rows.size(), num_rows));
}

void add_copies(Document& document, const Cell& cell) {
  Table table = {key_column("copy"), number_column("calls"),
                 number_column("MB", without_printed_unit(kMegabytes), "size"),
                 number_column("GPU time", kMilliseconds),
                 number_column("GB/s", without_printed_unit(kGigabytesPerSecond), "rate")};
  for (const std::string& direction : names_after(cell, "gpu_copy_time.")) {
    const auto of = [&](const char* what) {
      return value(cell, fmt::format("gpu_copy_{}.{}", what, direction)) / num_ranks(cell);
    };
    const double ns = of("time"), bytes = of("bytes");
    add_row(table, {direction, of("calls"), bytes, unless_zero(ns),
                    ns > 0 ? std::optional(bytes / ns * kNsPerSecond) : std::nullopt});
  }
  if (num_rows(table) == 0) return;
  add_section(document, {4, "GPU copies"}, std::move(table));
  add_paragraph(document, "A step, means over ranks. GB/s: while one copies, bytes counted once.");
}

}  // namespace

void add_gpu_hotspots(Document& document, const ScenarioCells& scenario, std::size_t top) {
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
  if (hotspots.empty()) return;
  std::ranges::stable_sort(hotspots, std::ranges::greater(), &Hotspot::share);
  hotspots.resize(std::min(hotspots.size(), top));
  Table table = {key_column("cell"),
                 key_column("launched in"),
                 key_column("kernel or copy"),
                 number_column("of its steps", kShare),
                 number_column("GPU time", kMilliseconds),
                 number_column("calls")};
  for (const auto& [cell, row, share] : hotspots) {
    add_row(table, {name_in(scenario, *cell), row.phase, row.name, share, unless_zero(row.time_ns),
                    row.calls});
  }
  add_section(document, {3, "GPU hotspots"}, std::move(table));
  add_paragraph(document,
                "Share of a cell's traced steps in which it ran on the GPU; a step, means over "
                "ranks. What ran at once on several streams counts on each.");
}

void add_gpu(Document& document, const Cell& cell, std::size_t top) {
  if (!is_traced(cell)) return;
  add_heading(document, 4, "GPU");
  add_totals(document, cell);
  add_gpu_phases(document, cell);
  add_kernels(document, cell, top);
  add_copies(document, cell);
}

}  // namespace moebench::reports
