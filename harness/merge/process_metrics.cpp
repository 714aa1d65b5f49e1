#include "harness/merge/process_metrics.h"

#include <algorithm>

#include "harness/base/units.h"
#include "harness/record/metric_catalogue.h"

namespace moebench::merge {
namespace {

// Of fewer the sum would be that of a program's first moments.
constexpr int kLeastSamples = 3;

void put(record::Metrics& metrics, const std::string& name, std::optional<double> value) {
  if (!value) return;
  metrics[name].unit = record::metric_info(name).unit;
  metrics[name].value = value;
}

std::optional<double> bytes(const std::optional<std::int64_t>& value) {
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

}  // namespace

record::Metrics process_metrics(const record::ProcessFigures& figures) {
  record::Metrics metrics;
  put(metrics, "process_wall_time", figures.wall_s * kNsPerSecond);
  put(metrics, "process_cpu_time", figures.cpu_s * kNsPerSecond);
  if (figures.num_samples >= kLeastSamples) {
    put(metrics, "process_rss_sum", bytes(figures.rss_sum_peak_bytes));
  }
  if (figures.num_pss_samples >= kLeastSamples) {
    put(metrics, "process_pss_sum", bytes(figures.pss_sum_peak_bytes));
  }
  put(metrics, "process_rss_peak", bytes(figures.rss_peak_bytes));
  std::optional<double> memory, energy;
  for (const record::GpuFigure& gpu : figures.gpus) {
    if (const auto peak = bytes(gpu.memory_peak_bytes))
      memory = std::max(memory.value_or(0), *peak);
    if (gpu.energy_j) energy = energy.value_or(0) + *gpu.energy_j;
  }
  put(metrics, "process_gpu_memory", memory);
  put(metrics, "process_gpu_energy", energy);
  return metrics;
}

}  // namespace moebench::merge
