#include "harness/measure/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>

namespace moebench::measure {

class TensorMemoryTracker::Counter : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t size, std::size_t, std::size_t, c10::Device) override {
    live += size;
    peak = std::max(peak, live);
  }
  void reportOutOfMemory(std::int64_t, std::size_t, std::size_t, c10::Device) override {}
  bool memoryProfilingEnabled() const override { return true; }

  std::int64_t live = 0;
  std::int64_t peak = 0;
};

class TensorMemoryTracker::Guard {
 public:
  explicit Guard(const std::shared_ptr<Counter>& counter)
      : guard_(c10::DebugInfoKind::PROFILER_STATE, counter) {}

 private:
  c10::DebugInfoGuard guard_;
};

TensorMemoryTracker::TensorMemoryTracker()
    : counter_(std::make_shared<Counter>()), guard_(std::make_unique<Guard>(counter_)) {}

TensorMemoryTracker::~TensorMemoryTracker() = default;

std::int64_t TensorMemoryTracker::live_bytes() const { return counter_->live; }
std::int64_t TensorMemoryTracker::peak_bytes() const { return counter_->peak; }
void TensorMemoryTracker::reset_peak() { counter_->peak = counter_->live; }

}  // namespace moebench::measure
