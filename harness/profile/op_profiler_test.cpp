#include "harness/profile/op_profiler.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "harness/measure/clock.h"

namespace moebench::profile {
namespace {

using measure::Phase;
using measure::PhaseScope;

CallCounts of(const CallTable& table, Phase phase, const std::string& function) {
  CallCounts sum;
  for (const auto& [key, counts] : table) {
    if (key.phase == phase && key.function == function) sum.add(counts);
  }
  return sum;
}

TEST(OpProfiler, CountsOperationsByPhaseAndAddsUpToTheTimeThatPassed) {
  const at::Tensor a = at::rand({64, 64});
  const measure::Stopwatch watch;
  OpProfiler profiler(OpProfiler::Detail::kCalls);
  {
    const PhaseScope scope(Phase::kExperts);
    for (int i = 0; i < 3; ++i) at::mm(a, a);
  }
  {
    const PhaseScope scope(Phase::kLoss);
    at::cat({a, a});
  }
  profiler.stop();
  const std::int64_t passed = watch.elapsed_ns();
  at::mm(a, a);  // counts no more
  const CallTable table = profiler.table();
  EXPECT_EQ(of(table, Phase::kExperts, "aten::mm").calls, 3);
  EXPECT_EQ(of(table, Phase::kLoss, "aten::mm").calls, 0);
  EXPECT_EQ(of(table, Phase::kLoss, "aten::cat").calls, 1);
  std::int64_t own = 0;
  for (const auto& [key, counts] : table) own += counts.own_ns;
  EXPECT_LE(own, passed);
  EXPECT_GE(own, of(table, Phase::kExperts, "aten::mm").cumulative_ns);
}

TEST(OpProfiler, SeesTheBackwardPass) {
  const at::Tensor x = at::rand({8, 8}).requires_grad_(true);
  const at::Tensor loss = at::mm(x, x).sum();
  OpProfiler profiler(OpProfiler::Detail::kCalls);
  {
    const PhaseScope scope(Phase::kExpertsBackward);
    loss.backward();
  }
  profiler.stop();
  EXPECT_EQ(of(profiler.table(), Phase::kExpertsBackward, "aten::mm").calls, 2);
}

TEST(OpProfiler, KnowsWhatIsMoved) {
  const at::Tensor a = at::rand({32, 16});
  OpProfiler profiler(OpProfiler::Detail::kBytes);
  at::cat({a, a});
  a.t().contiguous();
  a.index_select(0, at::arange(8));
  profiler.stop();
  const auto moved = profiler.movements();
  const std::int64_t bytes = 32 * 16 * 4;
  EXPECT_EQ(moved.at("aten::cat").bytes, 2 * 2 * bytes);
  EXPECT_EQ(moved.at("aten::copy_").bytes, 2 * bytes);
  EXPECT_EQ(moved.at("aten::index_select").bytes, 2 * 8 * 16 * 4);
  EXPECT_EQ(moved.at("aten::copy_").calls, 1);
  EXPECT_GT(moved.at("aten::copy_").own_ns, 0);
}

}  // namespace
}  // namespace moebench::profile
