#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "harness/comm/device_runtime.h"

namespace moebench::comm {

// A device of host memory for tests, whose streams do nothing by themselves: the test says how far
// the device has come, counted in recorded events.
class FakeDeviceRuntime : public DeviceRuntime {
 public:
  // The device has reached the first `count` of the events that were recorded since the start.
  void reach(std::size_t count) {
    const std::lock_guard lock(mutex_);
    reached_ = count;
  }
  // "record 2 in 1", "hold 1 by 2": events and streams by their number from 1, the default stream
  // as 0.
  std::vector<std::string> log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  void use_device(int) override {}
  DeviceStream make_stream() override {
    return reinterpret_cast<DeviceStream>(static_cast<std::uintptr_t>(++streams_));
  }
  void free_stream(DeviceStream) noexcept override {}
  void synchronize(DeviceStream) override {}

  DeviceEvent make_event() override {
    return reinterpret_cast<DeviceEvent>(static_cast<std::uintptr_t>(++events_));
  }
  void free_event(DeviceEvent) noexcept override {}
  void record(DeviceEvent event, DeviceStream stream) override {
    const std::lock_guard lock(mutex_);
    recorded_.push_back(event);
    log_.push_back("record " + number(event) + " in " + number(stream));
  }
  void hold(DeviceStream stream, DeviceEvent event) override {
    const std::lock_guard lock(mutex_);
    log_.push_back("hold " + number(stream) + " by " + number(event));
  }
  bool has_passed(DeviceEvent event) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto last = std::find(recorded_.rbegin(), recorded_.rend(), event);
    return static_cast<std::size_t>(recorded_.rend() - last) <= reached_;
  }

  void* allocate(std::int64_t bytes) override {
    return ::operator new(static_cast<std::size_t>(bytes));
  }
  void free(void* memory) noexcept override { ::operator delete(memory); }
  void copy_to_host(void* to, const void* from, std::int64_t bytes, DeviceStream) override {
    const auto* begin = static_cast<const char*>(to);
    fetched_.push_back({to, {begin, begin + bytes}});
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
  void copy_to_device(void* to, const void* from, std::int64_t bytes, DeviceStream) override {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }

  // Says where a copy to the host went, and what lay there before.
  struct Fetched {
    const void* to;
    std::vector<char> before;
  };
  const std::vector<Fetched>& fetched() const { return fetched_; }

 private:
  template <typename Handle>
  static std::string number(Handle handle) {
    return std::to_string(reinterpret_cast<std::uintptr_t>(handle));
  }

  mutable std::mutex mutex_;
  std::size_t reached_ = std::numeric_limits<std::size_t>::max();
  std::vector<DeviceEvent> recorded_;
  std::vector<std::string> log_;
  std::vector<Fetched> fetched_;
  int streams_ = 0, events_ = 0;
};

}  // namespace moebench::comm
