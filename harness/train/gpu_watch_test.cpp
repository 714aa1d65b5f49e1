#include "harness/train/gpu_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/measure/nvml_api.h"
#include "harness/measure/nvml_testing.h"

namespace moebench::train {
namespace {

using measure::FakeGpu;
using measure::kFakeGpuId;
using measure::kFakeNvml;
using measure::set_fake_gpu;
namespace nvml = measure::nvml;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

record::RankResult watched(const FakeGpu& gpu) {
  set_fake_gpu(gpu);
  record::RankResult result;
  GpuWatch(kFakeGpuId, kFakeNvml).write(result);
  return result;
}

TEST(GpuWatch, AnUndisturbedDevice) {
  FakeGpu gpu{.clock_events = nvml::kGpuIdle, .num_processes = 1};
  gpu.processes[0] = static_cast<unsigned int>(::getpid());
  const record::RankResult result = watched(gpu);
  EXPECT_EQ(result.metrics.at("gpu_sm_clock"), (record::Metric{.unit = "Hz", .value = 1980e6}));
  EXPECT_EQ(result.metrics.at("gpu_memory_clock").value, 2619e6);
  EXPECT_EQ(result.metrics.at("gpu_power"), (record::Metric{.unit = "W", .value = 650.5}));
  EXPECT_EQ(result.metrics.at("gpu_power_limit").value, 700);
  EXPECT_EQ(result.metrics.at("gpu_temperature").value, 61);
  EXPECT_EQ(result.metrics.at("gpu_memory_used").value, 4.0 * (1 << 30));
  EXPECT_EQ(result.metrics.at("gpu_throttled").value, 0);
  EXPECT_EQ(result.environment.at("gpu_model"), "NVIDIA Fake 80GB");
  EXPECT_EQ(result.environment.at("gpu_driver"), "580.65.06");
  EXPECT_EQ(result.environment.at("gpu_other_processes"), "0");
  EXPECT_FALSE(result.environment.contains("gpu_throttle_reasons"));
  EXPECT_FALSE(result.environment.contains("gpu_not_watched"));
}

TEST(GpuWatch, AThrottledDevice) {
  const auto result = watched({.clock_events = nvml::kSwPowerCap | nvml::kHwThermalSlowdown});
  EXPECT_EQ(result.metrics.at("gpu_throttled").value, 1);
  EXPECT_EQ(result.metrics.at("gpu_throttled_share").value, 1);
  EXPECT_EQ(result.environment.at("gpu_throttle_reasons"), "sw_power_cap, hw_thermal_slowdown");
}

TEST(GpuWatch, WhatADeviceDoesNotTellIsAbsent) {
  const auto result = watched({.fault = FakeGpu::Fault::kSilent});
  EXPECT_THAT(result.metrics, IsEmpty());
  EXPECT_EQ(result.environment.size(), 3);  // model, driver, UUID
}

TEST(GpuWatch, AnUnwatchedDeviceIsNoFailure) {
  const auto result = watched({.fault = FakeGpu::Fault::kInit});
  EXPECT_THAT(result.metrics, IsEmpty());
  EXPECT_EQ(result.disposition, record::Disposition::kOk);
  EXPECT_THAT(result.environment.at("gpu_not_watched"), HasSubstr("Driver Not Loaded"));
}

}  // namespace
}  // namespace moebench::train
