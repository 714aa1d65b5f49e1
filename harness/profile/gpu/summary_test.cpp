#include "harness/profile/gpu/summary.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "harness/measure/clock.h"

namespace moebench::profile_gpu {
namespace {

using measure::Phase;

constexpr std::uint32_t kSteps = 1, kAutograd = 2;  // threads

Activity kernel(const char* name, std::int64_t begin, std::int64_t end, std::uint32_t correlation,
                std::uint32_t stream = 7) {
  return {ActivityKind::kKernel, name, begin, end, 0, stream, correlation, 0};
}

Launch launch(std::int64_t begin, std::uint32_t correlation, std::uint32_t thread = kSteps) {
  return {"cudaLaunchKernel", begin, begin + 1, thread, correlation};
}

HostPhases host(std::vector<PhaseSlice> slices = {}) { return {kSteps, 0, 100, std::move(slices)}; }

std::int64_t idle_in(const GpuSummary& summary, Phase phase) {
  return summary.idle_in_phase[static_cast<std::size_t>(phase)];
}

TEST(GpuSummary, OfNothingIsAnIdleWindow) {
  const GpuSummary summary = summarize({}, host());
  EXPECT_TRUE(summary.activities.empty());
  EXPECT_EQ(summary.window_ns, 100);
  EXPECT_EQ(summary.idle_ns, 100);
  EXPECT_EQ(summary.busy_ns, 0);
  EXPECT_EQ(summary.unlaunched_ns, 100);
  EXPECT_EQ(idle_in(summary, Phase::kOther), 100);
  EXPECT_EQ(summarize({}, {}).window_ns, 0);
}

// The host is long elsewhere when the kernels run.
TEST(GpuSummary, PhasesAreThoseOfTheLaunch) {
  GpuTrace trace;
  trace.launches = {launch(5, 1), launch(15, 2), launch(16, 3)};
  trace.activities = {kernel("gemm", 40, 60, 1), kernel("gemm", 60, 70, 2),
                      kernel("router", 70, 71, 3)};
  const GpuSummary summary =
      summarize(trace, host({{Phase::kExperts, 0, 10, kSteps}, {Phase::kCombine, 10, 20, kSteps}}));
  EXPECT_EQ(summary.activities.at({"experts", "gemm"}), (ActivityTotal{1, 20, 0}));
  EXPECT_EQ(summary.activities.at({"combine", "gemm"}), (ActivityTotal{1, 10, 0}));
  EXPECT_EQ(summary.activities.at({"combine", "router"}), (ActivityTotal{1, 1, 0}));
}

TEST(GpuSummary, ALaunchByAnotherThreadIsInThatThreadsPhaseOrElseInTheSteps) {
  GpuTrace trace;
  trace.launches = {launch(5, 1, kAutograd), launch(35, 2, kAutograd), launch(36, 3, 99)};
  trace.activities = {kernel("a", 40, 41, 1), kernel("b", 41, 42, 2), kernel("c", 42, 43, 3)};
  const GpuSummary summary = summarize(trace, host({{Phase::kReduce, 0, 100, kSteps},
                                                    {Phase::kExpertsBackward, 0, 30, kAutograd},
                                                    {Phase::kOther, 30, 100, kAutograd}}));
  EXPECT_TRUE(summary.activities.contains({"experts_backward", "a"}));
  EXPECT_TRUE(summary.activities.contains({"reduce", "b"}));
  EXPECT_TRUE(summary.activities.contains({"reduce", "c"}));
}

TEST(GpuSummary, TheOuterOfTwoCallsWithOneIdCounts) {
  GpuTrace trace;
  trace.launches = {launch(11, 1), launch(9, 1)};
  trace.activities = {kernel("a", 40, 41, 1)};
  const GpuSummary summary =
      summarize(trace, host({{Phase::kRouter, 0, 10, kSteps}, {Phase::kCombine, 10, 20, kSteps}}));
  EXPECT_TRUE(summary.activities.contains({"router", "a"}));
}

TEST(GpuSummary, RecordsWithoutALaunchStayApart) {
  GpuTrace trace;
  trace.activities = {kernel("gemm", 10, 20, 5), kernel("gemm", 30, 35, 6)};
  trace.launches = {launch(0, 6)};  // in no slice
  trace.dropped = 3;
  const GpuSummary summary = summarize(trace, host());
  EXPECT_EQ(summary.activities.at({kUnattributed, "gemm"}), (ActivityTotal{1, 10, 0}));
  EXPECT_EQ(summary.activities.at({"other", "gemm"}), (ActivityTotal{1, 5, 0}));
  EXPECT_EQ(summary.busy_ns, 15);
  EXPECT_EQ(summary.dropped, 3);
}

TEST(GpuSummary, OverlapOfStreamsIsBusyOnceAndGapsBelongToTheHostsPhase) {
  GpuTrace trace;
  trace.activities = {kernel("a", 10, 30, 1, 7), kernel("b", 20, 40, 2, 8),
                      kernel("within b", 25, 35, 3, 9), kernel("c", 60, 80, 4, 7)};
  const GpuSummary summary = summarize(trace, host({{Phase::kData, 0, 50, kSteps},
                                                    {Phase::kRouter, 50, 90, kSteps},
                                                    {Phase::kExperts, 0, 100, kAutograd}}));
  EXPECT_EQ(summary.busy_ns, 30 + 20);
  EXPECT_EQ(summary.idle_ns, 50);
  EXPECT_EQ(idle_in(summary, Phase::kData), 10 + 10);
  EXPECT_EQ(idle_in(summary, Phase::kRouter), 10 + 10);
  EXPECT_EQ(idle_in(summary, Phase::kExperts), 0);  // not of the thread of the steps
  EXPECT_EQ(idle_in(summary, Phase::kOther), 10);
  const auto& idle = summary.idle_in_phase;
  EXPECT_EQ(std::accumulate(idle.begin(), idle.end(), std::int64_t{0}), summary.idle_ns);
}

// A launch takes 1 ns here.
TEST(GpuSummary, AnIdleGpuWaitsForTheHostWhereNothingIsLaunched) {
  GpuTrace trace;
  trace.launches = {launch(5, 1), launch(8, 2), launch(70, 3), launch(90, 4)};
  trace.activities = {kernel("a", 10, 30, 1), kernel("launched long before", 40, 60, 2, 8),
                      kernel("c", 75, 80, 3), kernel("begins before its call returns", 90, 95, 4)};
  GpuSummary summary = summarize(trace, host());
  // [0, 6) nothing yet; 31 to 40 b was launched; [60, 71), [80, 90) and from 95 on nothing.
  EXPECT_EQ(summary.idle_ns, 10 + 10 + 15 + 10 + 5);
  EXPECT_EQ(summary.unlaunched_ns, 6 + 11 + 10 + 5);
  EXPECT_EQ(summary.launches, 4);
  EXPECT_EQ(summary.launch_lead_ns, 4 + 31 + 4 + 0);
  summary.add(summarize(trace, host()));
  EXPECT_EQ(summary.unlaunched_ns, 64);
  EXPECT_EQ(summary.launches, 8);
  EXPECT_EQ(summary.launch_lead_ns, 78);
}

TEST(GpuSummary, TheWindowEndsWithTheLastActivityAndBeginsWithTheHost) {
  GpuTrace trace;
  trace.activities = {kernel("early", -5, 10, 1), kernel("late", 95, 120, 2)};
  const GpuSummary summary = summarize(trace, host());
  EXPECT_EQ(summary.window_ns, 120);
  EXPECT_EQ(summary.busy_ns, 10 + 25);
}

TEST(GpuSummary, CommunicationIsExposedWhereNoOtherKernelRuns) {
  GpuTrace trace;
  trace.activities = {
      kernel("ncclDevKernel_AllGather_RING_LL(ncclDevKernelArgsStorage<4096ul>)", 10, 40, 1, 20),
      kernel("ncclDevKernel_SendRecv", 30, 50, 2, 21),
      kernel("gemm", 20, 35, 3),
      kernel("gemm", 60, 70, 4),
      // A copy is no computation: communication beside it is exposed all the same.
      {ActivityKind::kCopy, "device_to_device", 42, 48, 0, 7, 5, 600}};
  const GpuSummary summary = summarize(trace, host());
  EXPECT_EQ(summary.communication_ns, 40);
  EXPECT_EQ(summary.exposed_communication_ns, 10 + 15);
}

TEST(GpuSummary, CopiesHaveBytesByDirection) {
  GpuTrace trace;
  trace.activities = {{ActivityKind::kCopy, "host_to_device", 0, 10, 0, 7, 1, 1000},
                      {ActivityKind::kCopy, "host_to_device", 10, 15, 0, 7, 2, 500},
                      {ActivityKind::kMemset, "memset", 20, 21, 0, 7, 3, 64}};
  trace.memory = {{true, 3, 2048}, {false, 4, 2048}, {true, 5, 1024}};
  GpuSummary summary = summarize(trace, host());
  EXPECT_EQ(summary.copies.at("host_to_device"), (ActivityTotal{2, 15, 1500}));
  EXPECT_EQ(summary.copies.at("memset"), (ActivityTotal{1, 1, 64}));
  EXPECT_EQ(summary.activities.at({kUnattributed, "host_to_device"}).calls, 2);
  EXPECT_EQ(summary.allocations, 2);
  EXPECT_EQ(summary.allocated_bytes, 3072);
  summary.add(summarize(trace, host()));
  EXPECT_EQ(summary.copies.at("host_to_device"), (ActivityTotal{4, 30, 3000}));
  EXPECT_EQ(summary.busy_ns, 32);
  EXPECT_EQ(summary.window_ns, 200);
}

TEST(PhaseLog, KnowsThePhasesOfAllThreads) {
  PhaseLog log;
  std::uint32_t other = 0;
  {
    const measure::PhaseScope outer(Phase::kExperts);
    std::thread([&] {
      other = thread_number();
      const measure::PhaseScope inner(Phase::kExpertsBackward);
    }).join();
  }
  const HostPhases phases = log.stop();
  EXPECT_EQ(phases.thread, thread_number());
  EXPECT_NE(other, phases.thread);
  std::vector<Phase> mine, others;
  std::int64_t covered = 0;
  for (const PhaseSlice& slice : phases.slices) {
    EXPECT_LE(slice.begin_ns, slice.end_ns);
    (slice.thread == other ? others : mine).push_back(slice.phase);
    if (slice.thread == phases.thread) covered += slice.end_ns - slice.begin_ns;
  }
  EXPECT_EQ(mine, (std::vector{Phase::kOther, Phase::kExperts, Phase::kOther}));
  EXPECT_EQ(others, (std::vector{Phase::kOther, Phase::kExpertsBackward, Phase::kOther}));
  EXPECT_EQ(covered, phases.end_ns - phases.begin_ns);
  measure::change_phase(Phase::kData);  // nobody listens any more
  measure::change_phase(Phase::kOther);
}

}  // namespace
}  // namespace moebench::profile_gpu
