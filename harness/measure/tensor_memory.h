#pragma once

#include <cstdint>
#include <memory>

namespace moebench::measure {

// Counts every allocation and release of libtorch's CPU allocator on this thread while it lives.
// Only what is allocated after its construction counts, so build the model inside its lifetime.
// It occupies the thread-local slot that libtorch's own profiler needs: never both at once.
class TensorMemoryTracker {
 public:
  TensorMemoryTracker();
  ~TensorMemoryTracker();
  TensorMemoryTracker(const TensorMemoryTracker&) = delete;
  TensorMemoryTracker& operator=(const TensorMemoryTracker&) = delete;

  std::int64_t live_bytes() const;
  std::int64_t peak_bytes() const;  // since construction or the last reset_peak()
  void reset_peak();                // the peak starts again at the live bytes

 private:
  class Counter;
  class Guard;
  std::shared_ptr<Counter> counter_;
  std::unique_ptr<Guard> guard_;
};

}  // namespace moebench::measure
