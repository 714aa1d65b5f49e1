#include <nlohmann/json.hpp>

#include "reports/figures/groups.h"
#include "reports/figures/stacked_bars.h"
#include "reports/write/profile_values.h"

namespace moebench::reports {
namespace {

// What one rank's GPU did in a traced step, in ns; all but the last add up to it.
struct GpuTimes {
  double work = 0;        // kernels and copies, beside communication or not
  double alone = 0;       // communication without other kernels
  double launched = 0;    // idle: what was launched had to wait; of older records all idle time
  double unlaunched = 0;  // idle: nothing was launched
  double hidden = 0;      // communication beside other kernels
};

double at(const std::vector<double>& of_ranks, std::size_t rank) {
  return rank < of_ranks.size() ? of_ranks[rank] : 0;
}

std::vector<GpuTimes> times_of(const Cell& cell) {
  const auto busy = rank_values(cell, "gpu_busy_time");
  const auto idle = rank_values(cell, "gpu_idle_time");
  const auto unlaunched = rank_values(cell, "gpu_unlaunched_time");
  const auto sent = rank_values(cell, "gpu_comm_time");
  const auto exposed = rank_values(cell, "gpu_exposed_comm_time");
  std::vector<GpuTimes> times;
  for (std::size_t rank = 0; rank < busy.size(); ++rank) {
    times.push_back({.work = busy[rank] - at(exposed, rank),
                     .alone = at(exposed, rank),
                     .launched = at(idle, rank) - at(unlaunched, rank),
                     .unlaunched = at(unlaunched, rank),
                     .hidden = at(sent, rank) - at(exposed, rank)});
  }
  return times;
}

}  // namespace

Figures gpu_figures(const Subject& subject) {
  const std::vector<std::string> parts = {"working", "communication alone", "idle, work launched",
                                          "idle, nothing launched"};
  Table numbers = {key_column("cell"), number_column("rank", kCount)};
  for (const std::string& part : parts) numbers.push_back(number_column(part, kMilliseconds));
  numbers.push_back(number_column("hidden communication", kMilliseconds));
  StackedBars bars(kStepTime, parts);
  for (const Cell& cell : subject.scenario.ok_cells()) {
    const std::string label = label_of(subject.scenario, cell);
    const std::vector<GpuTimes> times = times_of(cell);
    for (std::size_t rank = 0; rank < times.size(); ++rank) {
      const GpuTimes& t = times[rank];
      bars.add(rank_label(label, rank), {t.work, t.alone, t.launched, t.unlaunched});
      add_row(numbers, {label, static_cast<double>(rank), t.work, t.alone, t.launched, t.unlaunched,
                        t.hidden});
    }
  }
  if (bars.empty()) return {};
  return {make_figure("gpus", "What the GPUs do in a traced step", "bars", bars.data(),
                      std::move(numbers))};
}

}  // namespace moebench::reports
