#include "harness/merge/process_metrics.h"

#include <algorithm>

#include "harness/base/units.h"
#include "harness/record/put_metric.h"

namespace moebench::merge {
namespace {

// Of fewer the sum would be that of a program's first moments.
constexpr int kLeastSamples = 3;

}  // namespace

record::Metrics process_metrics(const record::ProcessFigures& figures) {
  record::Metrics metrics;
  put(metrics, "process_wall_time", figures.wall_s * kNsPerSecond);
  put(metrics, "process_cpu_time", figures.cpu_s * kNsPerSecond);
  if (figures.num_samples >= kLeastSamples) {
    put(metrics, "process_rss_sum", figures.rss_sum_peak_bytes);
  }
  if (figures.num_pss_samples >= kLeastSamples) {
    put(metrics, "process_pss_sum", figures.pss_sum_peak_bytes);
  }
  put(metrics, "process_rss_peak", figures.rss_peak_bytes);
  std::optional<std::int64_t> memory;
  std::optional<double> energy;
  for (const record::GpuFigure& gpu : figures.gpus) {
    if (gpu.memory_peak_bytes) memory = std::max(memory.value_or(0), *gpu.memory_peak_bytes);
    if (gpu.energy_j) energy = energy.value_or(0) + *gpu.energy_j;
  }
  put(metrics, "process_gpu_memory", memory);
  put(metrics, "process_gpu_energy", energy);
  return metrics;
}

}  // namespace moebench::merge
