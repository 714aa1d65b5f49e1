#include "harness/measure/gpu_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/base/error.h"
#include "harness/measure/nvml_api.h"
#include "harness/measure/nvml_testing.h"

namespace moebench::measure {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr pid_t kOther = 1;  // is of no run

TEST(GpuSummary, SpreadsAndLargestValuesOverTheReadings) {
  std::vector<GpuReading> readings(3);
  readings[0] = {.sm_clock_hz = 3, .power_w = 5, .power_limit_w = 700, .memory_used_bytes = 10};
  readings[1] = {.sm_clock_hz = 1, .power_w = 7, .power_limit_w = 600, .memory_used_bytes = 30};
  readings[2] = {.sm_clock_hz = 2, .memory_used_bytes = 20};
  const GpuSummary summary = summarize(readings);
  EXPECT_EQ(summary.num_readings, 3);
  EXPECT_EQ(summary.sm_clock_hz, (Spread{1, 2, 3}));
  EXPECT_EQ(summary.power_w, (Spread{5, 6, 7}));
  EXPECT_EQ(summary.power_limit_w, 600);
  EXPECT_EQ(summary.memory_used_bytes, 30);
  EXPECT_EQ(summary.temperature_c, std::nullopt);
  EXPECT_EQ(summary.throttled_share, std::nullopt);
  EXPECT_EQ(summary.other_processes, std::nullopt);
}

TEST(GpuSummary, ThrottlingIsTheUnionOfItsReasonsWithoutIdleClocks) {
  std::vector<GpuReading> readings(4);
  readings[0].clock_events = nvml::kGpuIdle;
  readings[1].clock_events = nvml::kSwPowerCap;
  readings[2].clock_events = nvml::kHwSlowdown | nvml::kHwThermalSlowdown;
  readings[3].clock_events = 0;
  const GpuSummary summary = summarize(readings);
  EXPECT_THAT(summary.throttle_reasons,
              ElementsAre("sw_power_cap", "hw_slowdown", "hw_thermal_slowdown"));
  EXPECT_EQ(summary.throttled_share, 0.5);
}

TEST(GpuSummary, ProcessesOfOthersCountOnlyWhereOwnOnesAreSeen) {
  std::vector<GpuReading> readings(2);
  readings[0].processes = {kOther};
  readings[1].processes = {kOther};
  EXPECT_EQ(summarize(readings).other_processes, std::nullopt);
  readings[1].processes = {::getpid()};
  EXPECT_EQ(summarize(readings).other_processes, 1);
  readings[0].processes = {};
  EXPECT_EQ(summarize(readings).other_processes, 0);
}

TEST(GpuSampler, ReadsAtBothEndsAndInBetween) {
  set_fake_gpu({.sm_mhz = 1000});
  GpuSampler sampler(kFakeGpuId, 1ms, kFakeNvml);
  EXPECT_EQ(sampler.facts().model, "NVIDIA Fake 80GB");
  const int readings = fake_gpu_readings();
  while (fake_gpu_readings() == readings) std::this_thread::sleep_for(1ms);
  set_fake_gpu({.sm_mhz = 500, .clock_events = nvml::kSwThermalSlowdown});
  const GpuSummary summary = sampler.stop();
  EXPECT_GE(summary.num_readings, 3);
  EXPECT_EQ(summary.sm_clock_hz->max, 1000e6);
  EXPECT_EQ(summary.sm_clock_hz->min, 500e6);
  EXPECT_THAT(summary.throttle_reasons, ElementsAre("sw_thermal_slowdown"));
  EXPECT_EQ(summary.complaint, "");
}

TEST(GpuSampler, AShortRunHasTwoReadings) {
  set_fake_gpu({});
  EXPECT_EQ(GpuSampler(kFakeGpuId, 1h, kFakeNvml).stop().num_readings, 2);
}

TEST(GpuSampler, EndsWithoutBeingAsked) {
  set_fake_gpu({});
  const GpuSampler sampler(kFakeGpuId, 1h, kFakeNvml);
}

TEST(GpuSampler, ADeviceThatIsLostOnTheWayIsTold) {
  set_fake_gpu({});
  GpuSampler sampler(kFakeGpuId, 1ms, kFakeNvml);
  set_fake_gpu({.fault = FakeGpu::Fault::kLost});
  const GpuSummary summary = sampler.stop();
  EXPECT_THAT(summary.complaint, HasSubstr("GPU is lost"));
  EXPECT_GE(summary.num_readings, 1);
  EXPECT_EQ(summary.sm_clock_hz->max, 1980e6);
}

TEST(GpuSampler, AnUnknownDeviceIsAnErrorAtOnce) {
  set_fake_gpu({});
  EXPECT_THROW(GpuSampler("0000:02:00.0", 1ms, kFakeNvml), Error);
}

}  // namespace
}  // namespace moebench::measure
