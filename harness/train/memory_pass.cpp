#include "harness/train/memory_pass.h"

#include "harness/measure/tensor_memory.h"
#include "harness/train/rank_metrics.h"

namespace moebench::train {

std::vector<double> memory_pass(const PassInputs& inputs, std::int64_t num_steps,
                                record::Metrics& metrics) {
  measure::TensorMemoryTracker tracker;
  Run run(inputs, Engine::BufferCaching::kOff);
  tracker.reset_peak();
  std::vector<double> losses;
  Consumed consumed;
  for (std::int64_t i = 0; i < num_steps; ++i) losses.push_back(run.step(consumed).loss);
  metrics["mem_alloc"] = bytes_metric(tracker.live_bytes());
  metrics["mem_peak"] = bytes_metric(tracker.peak_bytes());
  return losses;
}

}  // namespace moebench::train
