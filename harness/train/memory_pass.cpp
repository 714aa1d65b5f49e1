#include "harness/train/memory_pass.h"

#include <algorithm>
#include <string>

#include "harness/measure/process_memory.h"
#include "harness/measure/tensor_memory.h"
#include "harness/train/rank_metrics.h"

namespace moebench::train {
namespace {

// Resident memory now, and the part of it that neither tensors nor the process itself explain.
void record_rss(const std::string& when, std::int64_t live_tensor_bytes, record::Metrics& metrics) {
  measure::return_freed_memory();
  const auto rss = measure::rss_bytes();
  const auto baseline = metrics.find("rss_baseline");
  if (!rss || baseline == metrics.end()) return;
  metrics["rss_" + when] = bytes_metric(*rss);
  metrics["rss_outside_" + when] =
      scalar("bytes", static_cast<double>(*rss - live_tensor_bytes) - *baseline->second.value);
}

}  // namespace

MemoryPass memory_pass(const PassInputs& inputs, std::int64_t num_steps, record::Metrics& metrics) {
  measure::TensorMemoryTracker tracker;
  const auto record_phase = [&](const std::string& phase) {
    metrics["mem_alloc_" + phase] = bytes_metric(tracker.live_bytes());
    metrics["mem_peak_" + phase] = bytes_metric(tracker.peak_bytes());
  };
  Run run(inputs, Engine::BufferCaching::kOff);
  record_phase("load");
  record_rss("load", tracker.live_bytes(), metrics);

  MemoryPass pass;
  std::int64_t peak = 0;
  Consumed consumed;
  for (std::int64_t i = 0; i < num_steps; ++i) {
    tracker.reset_peak();
    tracker.take_timeline();
    pass.losses.push_back(run.step(consumed).loss);
    record_phase(i == 0 ? "first_step" : "steady_step");
    peak = std::max(peak, tracker.peak_bytes());
  }
  pass.timeline = tracker.take_timeline();
  metrics["mem_alloc"] = bytes_metric(tracker.live_bytes());
  metrics["mem_peak"] = bytes_metric(peak);
  record_rss("end", tracker.live_bytes(), metrics);
  return pass;
}

}  // namespace moebench::train
