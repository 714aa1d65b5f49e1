#include "harness/measure/nvml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "harness/base/error.h"
#include "harness/measure/nvml_api.h"
#include "harness/measure/nvml_testing.h"
#include "harness/testing/error_of.h"

namespace moebench::measure {
namespace {

using Fault = FakeGpu::Fault;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string nvml_error(const std::string& pci_bus_id, const std::string& library) {
  return moebench::error_of([&] { const NvmlDevice device(pci_bus_id, library); });
}

TEST(Nvml, ReadsFactsAndNumbersInBaseUnits) {
  set_fake_gpu({.processes = {7, 9}, .num_processes = 2});
  const NvmlDevice device(kFakeGpuId, kFakeNvml);
  EXPECT_EQ(device.facts().model, "NVIDIA Fake 80GB");
  EXPECT_EQ(device.facts().driver, "580.65.06");
  EXPECT_EQ(device.facts().uuid, "GPU-0123");
  const GpuReading reading = device.read();
  EXPECT_EQ(reading.sm_clock_hz, 1980e6);
  EXPECT_EQ(reading.memory_clock_hz, 2619e6);
  EXPECT_EQ(reading.power_w, 650.5);
  EXPECT_EQ(reading.power_limit_w, 700);
  EXPECT_EQ(reading.temperature_c, 61);
  EXPECT_EQ(reading.busy_share, 0.75);
  EXPECT_EQ(reading.memory_used_bytes, std::int64_t{4} << 30);
  EXPECT_EQ(reading.memory_total_bytes, std::int64_t{80} << 30);
  EXPECT_EQ(reading.clock_events, 0);
  EXPECT_THAT(*reading.processes, ElementsAre(7, 9));
}

TEST(Nvml, TellsWhatAGpuAndItsProcessesTake) {
  set_fake_gpu({.processes = {7},
                .num_processes = 1,
                .process_memory = 3 << 20,
                .power_mw = 100500,
                .energy_mj = 2500});
  const NvmlDevice device(kFakeGpuId, kFakeNvml);
  const GpuUse use = device.use();
  EXPECT_EQ(use.power_w, 100.5);
  EXPECT_EQ(use.energy_j, 2.5);
  EXPECT_EQ(use.memory_used_bytes, std::int64_t{4} << 30);
  EXPECT_THAT(*use.processes, ElementsAre(GpuProcess{7, 3 << 20}));
  set_fake_gpu({.processes = {7}, .num_processes = 1, .process_memory = nvml::kNotAvailable});
  EXPECT_THAT(*device.use().processes, ElementsAre(GpuProcess{7, std::nullopt}));
  set_fake_gpu({.fault = Fault::kSilent});
  const GpuUse silent = device.use();
  EXPECT_FALSE(silent.power_w || silent.energy_j || silent.memory_used_bytes || silent.processes);
}

TEST(Nvml, ListsTheDevicesThatItMaySee) {
  set_fake_gpu({});
  EXPECT_THAT(NvmlDevice::bus_ids(kFakeNvml), ElementsAre("00000000:01:00.0"));
  EXPECT_EQ(NvmlDevice("00000000:01:00.0", kFakeNvml).facts().uuid, "GPU-0123");
}

TEST(Nvml, ManyProcessesAreAllListed) {
  FakeGpu gpu{.num_processes = 40};
  std::iota(std::begin(gpu.processes), std::end(gpu.processes), 100U);
  set_fake_gpu(gpu);
  EXPECT_EQ(NvmlDevice(kFakeGpuId, kFakeNvml).read().processes->back(), 139);
}

TEST(Nvml, WhatADeviceDoesNotTellIsNotMeasured) {
  set_fake_gpu({.fault = Fault::kSilent});
  const GpuReading reading = NvmlDevice(kFakeGpuId, kFakeNvml).read();
  EXPECT_FALSE(reading.sm_clock_hz);
  EXPECT_FALSE(reading.power_w);
  EXPECT_FALSE(reading.busy_share);
  EXPECT_FALSE(reading.memory_used_bytes);
  EXPECT_FALSE(reading.clock_events);
  EXPECT_FALSE(reading.processes);
}

TEST(Nvml, ALostDeviceIsAnErrorWithItsRemedy) {
  set_fake_gpu({.fault = Fault::kLost});
  const NvmlDevice device(kFakeGpuId, kFakeNvml);
  EXPECT_THAT(moebench::error_of([&] { device.read(); }),
              AllOf(HasSubstr("SM clock: GPU is lost"), HasSubstr("Xid")));
}

TEST(Nvml, ErrorsOfTheLibraryNameTheRemedy) {
  set_fake_gpu({});
  EXPECT_THAT(nvml_error(kFakeGpuId, "libno-such-nvml.so"),
              AllOf(HasSubstr("libno-such-nvml.so"), HasSubstr("install NVIDIA's driver"),
                    HasSubstr("NVIDIA_DRIVER_CAPABILITIES")));
  EXPECT_THAT(nvml_error(kFakeGpuId, MOEBENCH_NVML_FAKE_OLD),
              AllOf(HasSubstr("has no nvmlDeviceGetComputeRunningProcesses_v3"),
                    HasSubstr("update NVIDIA's driver")));
  set_fake_gpu({.fault = Fault::kInit});
  EXPECT_THAT(nvml_error(kFakeGpuId, kFakeNvml),
              AllOf(HasSubstr("Driver Not Loaded"), HasSubstr("nvidia-smi")));
}

TEST(Nvml, AnUnknownDeviceIsAnError) {
  set_fake_gpu({});
  EXPECT_THAT(
      nvml_error("0000:02:00.0", kFakeNvml),
      AllOf(HasSubstr("'0000:02:00.0'"), HasSubstr("Not Found"), HasSubstr("nvidia-smi -L")));
}

TEST(Nvml, EveryInitialisationIsEnded) {
  set_fake_gpu({});
  const auto users = reinterpret_cast<FakeGpuUsers>(
      ::dlsym(::dlopen(kFakeNvml, RTLD_NOW), "moebench_nvml_fake_users"));
  {
    const NvmlDevice one(kFakeGpuId, kFakeNvml), other(kFakeGpuId, kFakeNvml);
    EXPECT_EQ(users(), 2);
  }
  nvml_error("0000:02:00.0", kFakeNvml);
  EXPECT_EQ(users(), 0);
}

TEST(Nvml, OnlyWhatSlowsDownIsThrottling) {
  EXPECT_THAT(throttle_reasons(nvml::kGpuIdle | nvml::kApplicationClocks), IsEmpty());
  EXPECT_THAT(throttle_reasons(0x10 | 0x100), IsEmpty());  // sync boost, display clocks
  EXPECT_THAT(throttle_reasons(nvml::kSwPowerCap | nvml::kHwSlowdown | nvml::kSwThermalSlowdown |
                               nvml::kHwThermalSlowdown | nvml::kHwPowerBrake),
              ElementsAre("sw_power_cap", "hw_slowdown", "sw_thermal_slowdown",
                          "hw_thermal_slowdown", "power_brake"));
}

}  // namespace
}  // namespace moebench::measure
