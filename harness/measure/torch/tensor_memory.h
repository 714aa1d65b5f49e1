#pragma once

#include <c10/core/DeviceType.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/measure/memory_kind.h"
#include "harness/measure/phases.h"

namespace moebench::measure {

// The largest moment of a stretch of time within one phase, and what was alive then.
struct MemoryMoment {
  std::int64_t time_ns = 0;  // of now_ns()
  Phase phase = Phase::kOther;
  MemoryByKind bytes{};

  std::int64_t total() const;
};

// Counts every allocation and release of libtorch's allocator for a type of device, on this thread
// and those that run its backward pass, while it lives.
// Only what is allocated after its construction counts, so build the model inside its lifetime.
// It occupies the thread-local slot that libtorch's own profiler needs: never both at once.
class TensorMemoryTracker {
 public:
  explicit TensorMemoryTracker(c10::DeviceType type = c10::kCPU);
  ~TensorMemoryTracker();
  TensorMemoryTracker(const TensorMemoryTracker&) = delete;
  TensorMemoryTracker& operator=(const TensorMemoryTracker&) = delete;

  std::int64_t live_bytes() const;
  std::int64_t peak_bytes() const;  // since construction or the last reset_peak()
  void reset_peak();                // the peak starts again at the live bytes

  // Returns one entry a stretch of phase in which memory was taken or given back, in order, since
  // construction or the last call.
  std::vector<MemoryMoment> take_timeline();

 private:
  class Counter;
  class Guard;
  std::shared_ptr<Counter> counter_;
  std::unique_ptr<Guard> guard_;
};

}  // namespace moebench::measure
