#include "harness/train/memory_pass.h"

#include <algorithm>
#include <string>

#include "harness/machine/process_memory.h"
#include "harness/measure/torch/tensor_memory.h"
#include "harness/record/put_metric.h"

namespace moebench::train {
namespace {

// Resident memory now, and the part of it that neither tensors nor the process itself explain.
void record_rss(const std::string& when, std::int64_t live_tensor_bytes, record::Metrics& metrics) {
  machine::return_freed_memory();
  const auto rss = machine::rss_bytes();
  const auto baseline = metrics.find("rss_baseline");
  if (!rss || baseline == metrics.end()) return;
  put(metrics, "rss_" + when, *rss);
  put(metrics, "rss_outside_" + when,
      static_cast<double>(*rss - live_tensor_bytes) - *baseline->second.value);
}

// Records what lies on the device beyond tensors: the allocator's cache, and what others hold of it
// (NCCL, libraries' workspaces, CUDA's context; other processes too).
void record_device(const std::string& when, const device::Place& place, record::Metrics& metrics) {
  if (!place.is_cuda()) return;
  const device::AllocatorMemory allocator = device::allocator_memory(place);
  const std::int64_t used = device::device_memory(place).used;
  put(metrics, "mem_reserved_" + when, allocator.peak_reserved);
  put(metrics, "mem_device_" + when, used);
  put(metrics, "mem_outside_allocator_" + when, used - allocator.reserved);
}

}  // namespace

MemoryPass memory_pass(const PassInputs& inputs, std::int64_t num_steps, record::Metrics& metrics) {
  measure::TensorMemoryTracker tracker(inputs.place.device.type());
  device::release_cache(inputs.place);
  const std::int64_t retries_before = device::allocator_memory(inputs.place).retries;
  const auto record_phase = [&](const std::string& phase) {
    put(metrics, "mem_alloc_" + phase, tracker.live_bytes());
    put(metrics, "mem_peak_" + phase, tracker.peak_bytes());
  };
  Run run(inputs, Engine::BufferCaching::kOff);
  record_phase("load");
  record_device("load", inputs.place, metrics);
  record_rss("load", inputs.place.is_cuda() ? 0 : tracker.live_bytes(), metrics);

  MemoryPass pass;
  std::int64_t peak = 0;
  Consumed consumed;
  for (std::int64_t i = 0; i < num_steps; ++i) {
    if (inputs.cell.check_numerics) {
      pass.numerics.before_step(run, inputs);
      pass.numerics.measure_ties(run, inputs);
      device::release_cache(inputs.place);
    }
    tracker.reset_peak();
    device::reset_peak(inputs.place);
    tracker.take_timeline();
    const StepResult result = run.step(consumed);
    pass.losses.push_back(result.loss);
    pass.numerics.after_step(result);
    const char* step = i == 0 ? "first_step" : "steady_step";
    record_phase(step);
    record_device(step, inputs.place, metrics);
    peak = std::max(peak, tracker.peak_bytes());
    inputs.tell_progress("memory", i + 1, num_steps);
  }
  pass.timeline = tracker.take_timeline();
  put(metrics, "mem_alloc", tracker.live_bytes());
  put(metrics, "mem_peak", peak);
  if (inputs.place.is_cuda()) {
    const std::int64_t retries = device::allocator_memory(inputs.place).retries - retries_before;
    put(metrics, "mem_alloc_retries", retries);
  }
  record_rss("end", inputs.place.is_cuda() ? 0 : tracker.live_bytes(), metrics);
  return pass;
}

}  // namespace moebench::train
