#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "harness/measure/clock.h"
#include "harness/measure/gemm_rate.h"
#include "harness/measure/memory.h"

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

TEST(Memory, PeakRssCoversWhatWasTouched) {
  const at::Tensor touched = at::ones({16 << 20});
  ASSERT_TRUE(peak_rss_bytes().has_value());
  EXPECT_GT(*peak_rss_bytes(), 64 << 20);
}

TEST(GemmRate, IsPositive) { EXPECT_GT(gemm_flops_per_second(at::kFloat), 1e6); }

TEST(Clock, MovesForward) {
  const Stopwatch watch;
  EXPECT_GE(watch.elapsed_ns(), 0);
}

}  // namespace
}  // namespace moebench::measure
