#include "harness/measure/torch/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "harness/measure/clock.h"

namespace moebench::measure {

std::int64_t MemoryMoment::total() const {
  return std::accumulate(bytes.begin(), bytes.end(), std::int64_t{0});
}

class TensorMemoryTracker::Counter : public c10::MemoryReportingInfoBase {
 public:
  explicit Counter(c10::DeviceType type) : type_(type) {}

  void reportMemoryUsage(void* memory, std::int64_t size, std::size_t, std::size_t,
                         c10::Device device) override {
    if (device.type() != type_) return;
    live += size;
    peak = std::max(peak, live);
    book(memory, size);
    note_moment();
  }
  void reportOutOfMemory(std::int64_t, std::size_t, std::size_t, c10::Device) override {}
  bool memoryProfilingEnabled() const override { return true; }

  std::int64_t live = 0;
  std::int64_t peak = 0;
  std::vector<MemoryMoment> timeline;

 private:
  void book(void* memory, std::int64_t size) {
    if (size > 0) {
      const MemoryKind kind = current_memory_kind();
      kinds_[memory] = kind;
      bytes_[static_cast<std::size_t>(kind)] += size;
      return;
    }
    const auto found = kinds_.find(memory);
    if (found == kinds_.end()) return;  // older than the tracker
    bytes_[static_cast<std::size_t>(found->second)] += size;
    kinds_.erase(found);
  }

  void note_moment() {
    const MemoryMoment now{now_ns(), current_phase(), bytes_};
    if (timeline.empty() || timeline.back().phase != now.phase) {
      timeline.push_back(now);
    } else if (now.total() > timeline.back().total()) {
      timeline.back() = now;
    }
  }

  c10::DeviceType type_;
  std::unordered_map<void*, MemoryKind> kinds_;
  MemoryByKind bytes_{};
};

class TensorMemoryTracker::Guard {
 public:
  explicit Guard(const std::shared_ptr<Counter>& counter)
      : guard_(c10::DebugInfoKind::PROFILER_STATE, counter) {}

 private:
  c10::DebugInfoGuard guard_;
};

TensorMemoryTracker::TensorMemoryTracker(c10::DeviceType type)
    : counter_(std::make_shared<Counter>(type)), guard_(std::make_unique<Guard>(counter_)) {}

TensorMemoryTracker::~TensorMemoryTracker() = default;

std::int64_t TensorMemoryTracker::live_bytes() const { return counter_->live; }
std::int64_t TensorMemoryTracker::peak_bytes() const { return counter_->peak; }
void TensorMemoryTracker::reset_peak() { counter_->peak = counter_->live; }
std::vector<MemoryMoment> TensorMemoryTracker::take_timeline() {
  return std::exchange(counter_->timeline, {});
}

}  // namespace moebench::measure
