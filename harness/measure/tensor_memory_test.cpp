#include "harness/measure/tensor_memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace moebench::measure {
namespace {

TEST(TensorMemoryTracker, CountsLiveAndPeakBytes) {
  const at::Tensor before = at::empty({1024});
  TensorMemoryTracker tracker;
  EXPECT_EQ(tracker.live_bytes(), 0);
  at::Tensor kept = at::empty({1 << 20});
  const std::int64_t kept_bytes = tracker.live_bytes();
  EXPECT_GE(kept_bytes, 4 << 20);
  EXPECT_LT(kept_bytes, (4 << 20) + 4096);
  { const at::Tensor passing = at::empty({1 << 20}); }
  EXPECT_EQ(tracker.live_bytes(), kept_bytes);
  EXPECT_GE(tracker.peak_bytes(), 2 * (4 << 20));
  tracker.reset_peak();
  EXPECT_EQ(tracker.peak_bytes(), kept_bytes);
}

TEST(TensorMemoryTracker, SeesWhatBackwardAllocates) {
  TensorMemoryTracker tracker;
  at::Tensor x = at::ones({1 << 18}).requires_grad_(true);
  const at::Tensor y = (x * x).sum();
  const std::int64_t before = tracker.live_bytes();
  y.backward();
  EXPECT_GE(tracker.live_bytes() - before, 1 << 20);  // x.grad stays
}

}  // namespace
}  // namespace moebench::measure
