// These tests run under a tool: ctest sets NVTX_INJECTION64_PATH to nvtx_tool.
#include "harness/measure/nvtx.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "harness/measure/phases.h"

namespace moebench::measure {
namespace {

template <typename Function>
Function* find(const char* name) {
  void* tool = ::dlopen(std::getenv("NVTX_INJECTION64_PATH"), RTLD_NOW | RTLD_NOLOAD);
  return tool == nullptr ? nullptr : reinterpret_cast<Function*>(::dlsym(tool, name));
}

// Returns what the tool saw since the last call.
std::string take_log() {
  const auto take = find<void(std::string*)>("moebench_nvtx_take_log");
  std::string log = "NVTX has not loaded the tool";
  if (take != nullptr) take(&log);
  return log;
}

TEST(Nvtx, AToolSeesThePhases) {
  {
    PhaseScope scope(Phase::kExperts);
    scope.change(Phase::kCombine);
    const PhaseScope inner(Phase::kGather);
  }
  const auto pushed = find<int(const char*)>("moebench_nvtx_pushed");
  const auto popped = find<int()>("moebench_nvtx_popped");
  ASSERT_NE(pushed, nullptr) << "NVTX has not loaded the tool";
  EXPECT_EQ(pushed("experts"), 1);
  EXPECT_EQ(pushed("combine"), 2);  // again after the inner one
  EXPECT_EQ(pushed("gather"), 1);
  EXPECT_EQ(pushed("other"), 0);
  EXPECT_EQ(popped(), 4);
}

TEST(Nvtx, RangesCarryKindNameAndPayload) {
  take_log();
  {
    const NvtxName step("step"), unit("layer 3, experts"), all_gather("all_gather");
    const NvtxRange outer(NvtxKind::kStep, step, 4096);
    const NvtxRange middle(NvtxKind::kUnit, unit, std::int64_t{1} << 40);
    const NvtxRange inner(NvtxKind::kCollective, all_gather, 0);
  }
  EXPECT_EQ(take_log(),
            "start 1 step/step 4096\n"
            "start 2 unit/layer 3, experts 1099511627776\n"
            "start 3 collective/all_gather 0\n"
            "end 3\nend 2\nend 1\n");
}

// Phases end when the next begins, wherever other ranges begin and end.
TEST(Nvtx, RangesOverlapWithPhasesAtWill) {
  take_log();
  {
    const NvtxName layer("layer"), reduce("reduce_scatter");
    PhaseScope phase(Phase::kAttention);
    std::optional<NvtxRange> range(std::in_place, NvtxKind::kLayer, layer, 5);
    phase.change(Phase::kRouter);
    NvtxRange collective(NvtxKind::kCollective, reduce, 64);
    range.reset();
    phase.change(Phase::kDispatch);
    collective.end();
    collective.end();  // of no effect
  }
  EXPECT_EQ(take_log(),
            "push phase/attention\n"
            "start 1 layer/layer 5\n"
            "pop\npush phase/router\n"
            "start 2 collective/reduce_scatter 64\n"
            "end 1\n"
            "pop\npush phase/dispatch\n"
            "end 2\n"
            "pop\n");
}

TEST(Nvtx, AMovedRangeEndsOnceAndOnAnyThread) {
  static_assert(!std::is_copy_constructible_v<NvtxRange>);
  take_log();
  const NvtxName name("all_to_all");
  NvtxRange first(NvtxKind::kCollective, name, 1);
  NvtxRange second(NvtxKind::kCollective, name, 2);
  NvtxRange moved(std::move(first));
  EXPECT_EQ(take_log(), "start 1 collective/all_to_all 1\nstart 2 collective/all_to_all 2\n");
  second = std::move(moved);
  EXPECT_EQ(take_log(), "end 2\n");
  std::thread([range = std::move(second)] {}).join();
  EXPECT_EQ(take_log(), "end 1\n");
}

}  // namespace
}  // namespace moebench::measure
