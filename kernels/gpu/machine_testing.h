#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/kernels_testing.h"

// The tests of GPU kernels are compiled twice: for the host executor, and with
// MOEBENCH_ON_DEVICE for a device, where they are skipped if there is none.
#if defined(MOEBENCH_ON_DEVICE)
#include "kernels/gpu/device_array.h"
#else
#include "kernels/gpu/host_executor.h"
#endif

namespace moebench::kernels {

#if defined(MOEBENCH_ON_DEVICE)

template <typename T>
using Array = DeviceArray<T>;

class MachineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = why_no_device(); !reason.empty()) GTEST_SKIP() << reason;
  }
  template <typename Body>
  void in_every_order(Body body) {
    body();
    check_cuda(cudaDeviceSynchronize(), "a tested kernel");
  }
};

#else

// Memory of exactly this size, so that AddressSanitizer sees what lies beside it. What is never
// written is a NaN or -1.
template <typename T>
class Array {
 public:
  explicit Array(std::int64_t count) : values_(static_cast<std::size_t>(count)) {
    if (count > 0)
      std::memset(static_cast<void*>(values_.data()), 0xff, values_.size() * sizeof(T));
  }
  explicit Array(const std::vector<T>& values) : values_(values) {}
  T* data() { return values_.data(); }
  std::vector<T> values() const { return values_; }

 private:
  std::vector<T> values_;
};

class MachineTest : public ::testing::Test {
 protected:
  void TearDown() override { host_order = HostOrder::kForward; }
  // The body must give the same results in whichever order a phase's threads run.
  template <typename Body>
  void in_every_order(Body body) {
    for (const HostOrder order : {HostOrder::kForward, HostOrder::kReverse}) {
      SCOPED_TRACE(order == HostOrder::kForward ? "forward" : "reverse");
      host_order = order;
      body();
    }
  }
};

#endif

}  // namespace moebench::kernels
