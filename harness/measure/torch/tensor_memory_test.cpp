#include "harness/measure/torch/tensor_memory.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
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

TEST(TensorMemoryTracker, NamesWhatWasAliveAtTheLargestMomentOfEachPhase) {
  TensorMemoryTracker tracker;
  const auto kilobytes = [](std::int64_t n) { return at::empty({n * 1024}, at::kByte); };
  at::Tensor parameters, row, extra;
  {
    const MemoryScope scope(MemoryKind::kParameters);
    parameters = kilobytes(4);
  }
  tracker.take_timeline();
  {
    const PhaseScope phase(Phase::kDispatch);
    row = kilobytes(2);
    extra = kilobytes(1);
    extra = at::Tensor();
  }
  {
    const PhaseScope phase(Phase::kExperts);
    extra = kilobytes(8);
  }
  const auto timeline = tracker.take_timeline();
  ASSERT_EQ(timeline.size(), 2u);
  const auto bytes = [&](std::size_t i, MemoryKind kind) {
    return timeline[i].bytes[static_cast<std::size_t>(kind)];
  };
  EXPECT_EQ(timeline[0].phase, Phase::kDispatch);
  EXPECT_EQ(bytes(0, MemoryKind::kParameters), 4096);
  EXPECT_EQ(bytes(0, MemoryKind::kDispatch), 3072);
  EXPECT_EQ(timeline[1].phase, Phase::kExperts);
  EXPECT_EQ(bytes(1, MemoryKind::kDispatch), 2048);
  EXPECT_EQ(bytes(1, MemoryKind::kActivations), 8192);
  EXPECT_EQ(timeline[1].total(), tracker.live_bytes());
}

}  // namespace
}  // namespace moebench::measure
