// These test what a trace says of work that is known beforehand. They need a device.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <map>

#include "harness/measure/phases.h"
#include "harness/profile/gpu/cupti_tracer.h"
#include "harness/profile/gpu/phase_log.h"
#include "harness/profile/gpu/summary.h"

namespace moebench::profile_gpu {
namespace {

using measure::Phase;
using measure::PhaseScope;

constexpr int kElements = 1 << 20, kBytes = kElements * sizeof(float);

__global__ void add_one(float* values) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < kElements) values[i] += 1;
}

__global__ void spin(long long cycles) {
  const long long begin = clock64();
  while (clock64() - begin < cycles) {
  }
}

class CuptiTracerOnDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = CuptiTracer::why_unavailable();
    if (!reason.empty()) GTEST_SKIP() << reason;
    ASSERT_EQ(cudaMalloc(&device_, kBytes), cudaSuccess);
    ASSERT_EQ(cudaMallocHost(&host_, kBytes), cudaSuccess);
    ASSERT_EQ(cudaMemset(device_, 0, kBytes), cudaSuccess);
    launch_add();  // loads the code
    spin<<<1, 1>>>(1);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  }
  void TearDown() override {
    cudaFree(device_);
    cudaFreeHost(host_);
  }
  void launch_add() { add_one<<<kElements / 256, 256>>>(static_cast<float*>(device_)); }

  void* device_ = nullptr;
  void* host_ = nullptr;
};

TEST_F(CuptiTracerOnDevice, BooksWorkUnderThePhaseThatLaunchedIt) {
  for (int round = 0; round < 3; ++round) {  // it can be started again
    PhaseLog log;
    CuptiTracer tracer;
    {
      const PhaseScope scope(Phase::kExperts);
      spin<<<1, 1>>>(20'000'000);  // the host is through with all phases before this ends
    }
    {
      const PhaseScope scope(Phase::kCombine);
      for (int i = 0; i < 10; ++i) launch_add();
      cudaMemcpyAsync(host_, device_, kBytes, cudaMemcpyDeviceToHost);
    }
    {
      const PhaseScope scope(Phase::kOptimizer);
      cudaMemsetAsync(device_, 0, kBytes);
    }
    const GpuTrace trace = tracer.stop();
    const HostPhases host = log.stop();
    const GpuSummary summary = summarize(trace, host);

    std::map<std::string, std::int64_t> calls;
    for (const auto& [key, total] : summary.activities) calls[key.first] += total.calls;
    EXPECT_EQ(calls, (std::map<std::string, std::int64_t>{
                         {"combine", 11}, {"experts", 1}, {"optimizer", 1}}));
    const ActivityTotal& copy = summary.copies.at("device_to_host");
    EXPECT_EQ(copy.bytes, kBytes);
    EXPECT_GT(copy.time_ns, 0);
    EXPECT_EQ(summary.copies.at("memset").bytes, kBytes);
    EXPECT_EQ(trace.dropped, 0);
    EXPECT_EQ(trace.unknown, 0);
    // The clocks match: all of it lies where the host launched it and waited for it.
    constexpr std::int64_t kSlackNs = 50'000;
    for (const Activity& activity : trace.activities) {
      EXPECT_LT(activity.begin_ns, activity.end_ns);
      EXPECT_GT(activity.begin_ns, host.begin_ns - kSlackNs);
      EXPECT_LT(activity.end_ns, host.end_ns + kSlackNs);
    }
    std::map<std::uint32_t, std::int64_t> launched;
    for (const Launch& launch : trace.launches) {
      launched.try_emplace(launch.correlation, launch.begin_ns);
      EXPECT_EQ(launch.thread, thread_number());
    }
    for (const Activity& activity : trace.activities) {
      ASSERT_TRUE(launched.contains(activity.correlation)) << activity.name;
      EXPECT_GT(activity.begin_ns, launched.at(activity.correlation) - kSlackNs);
    }
    EXPECT_EQ(summary.busy_ns + summary.idle_ns, summary.window_ns);
    EXPECT_GT(summary.busy_ns, 0);
    EXPECT_EQ(summary.launches, 13);
    EXPECT_LE(summary.unlaunched_ns, summary.idle_ns);
  }
}

TEST_F(CuptiTracerOnDevice, SeesDeviceMemoryThatIsTaken) {
  PhaseLog log;
  CuptiTracer tracer;
  void* more = nullptr;
  ASSERT_EQ(cudaMalloc(&more, kBytes), cudaSuccess);
  cudaFree(more);
  const GpuSummary summary = summarize(tracer.stop(), log.stop());
  EXPECT_EQ(summary.allocations, 1);
  EXPECT_EQ(summary.allocated_bytes, kBytes);
}

TEST_F(CuptiTracerOnDevice, RecordsNothingOfWhatCameBeforeOrComesAfter) {
  launch_add();
  {
    const CuptiTracer forgotten;  // ends with nobody asking
    launch_add();
  }
  CuptiTracer tracer;
  launch_add();
  const GpuTrace trace = tracer.stop();
  launch_add();
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  ASSERT_EQ(trace.activities.size(), 1u);
  EXPECT_NE(trace.activities[0].name.find("add_one"), std::string::npos);
  CuptiTracer second;
  EXPECT_TRUE(second.stop().activities.empty());
}

}  // namespace
}  // namespace moebench::profile_gpu
