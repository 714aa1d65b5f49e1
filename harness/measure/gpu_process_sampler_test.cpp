#include "harness/measure/gpu_process_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/measure/nvml_testing.h"

namespace moebench::measure {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kMebi = 1 << 20;

class GpuProcessSamplerTest : public ::testing::Test {
 protected:
  GpuProcessSamplerTest() { set_fake_gpu({}); }

  machine::SamplerClocks clocks() {
    return {.wall_s = [this] { return wall_s_; },
            .thread_cpu_s = [this] { return cpu_s_ += cost_s_; }};
  }
  void tick_after(double seconds, const FakeGpu& gpu) {
    set_fake_gpu(gpu);
    wall_s_ += seconds;
    sampler_.tick();
  }
  // Of a run whose processes are 7 and 8.
  record::ProcessFigures finish() {
    record::ProcessFigures figures{.wall_s = wall_s_ - 500, .processes = {{.pid = 7}, {.pid = 8}}};
    sampler_.finish(figures);
    return figures;
  }

  double wall_s_ = 500;
  double cpu_s_ = 0;
  double cost_s_ = 0;
  GpuProcessSampler sampler_{kFakeNvml, clocks()};
};

TEST_F(GpuProcessSamplerTest, DevicesHavePowerEnergyAndMemory) {
  set_fake_gpu({.memory_used = 10ULL * kMebi, .power_mw = 100000, .energy_mj = 5000});
  sampler_.start();
  tick_after(10, {.memory_used = 30ULL * kMebi, .power_mw = 300000, .energy_mj = 1000000});
  tick_after(10, {.memory_used = 20ULL * kMebi, .power_mw = 300000, .energy_mj = 4505000});
  const auto figures = finish();
  EXPECT_EQ(figures.gpus_not_watched, "");
  ASSERT_THAT(figures.gpus, SizeIs(1));
  const record::GpuFigure& gpu = figures.gpus[0];
  EXPECT_EQ(gpu.pci_bus_id, "00000000:01:00.0");
  EXPECT_EQ(gpu.model, "NVIDIA Fake 80GB");
  EXPECT_EQ(gpu.num_samples, 4);
  EXPECT_EQ(gpu.memory_peak_bytes, 30 * kMebi);
  EXPECT_EQ(gpu.power_w, 250);
  EXPECT_EQ(gpu.power_peak_w, 300);
  EXPECT_EQ(gpu.energy_j, 4500);
  EXPECT_TRUE(gpu.is_energy_counted);
  EXPECT_EQ(gpu.complaint, "");
}

TEST_F(GpuProcessSamplerTest, ProcessesAreThoseOfTheRunAndOthers) {
  sampler_.start();
  tick_after(10, {.processes = {7, 9}, .num_processes = 2, .process_memory = 5 * kMebi});
  tick_after(10, {.processes = {7, 10}, .num_processes = 2, .process_memory = 4 * kMebi});
  tick_after(10, {.processes = {8}, .num_processes = 1, .process_memory = ~0ULL});
  const auto figures = finish();
  ASSERT_THAT(figures.gpus, SizeIs(1));
  EXPECT_THAT(figures.gpus[0].processes, ElementsAre(record::GpuProcessFigure{7, 5 * kMebi},
                                                     record::GpuProcessFigure{8, std::nullopt}));
  EXPECT_EQ(figures.gpus[0].num_other_processes, 2);
}

TEST_F(GpuProcessSamplerTest, WithoutACounterEnergyIsTheIntegralOfThePower) {
  const FakeGpu gpu{.power_mw = 200000, .energy_mj = ~0ULL};
  set_fake_gpu(gpu);
  sampler_.start();
  tick_after(10, gpu);
  const auto figures = finish();
  EXPECT_EQ(figures.gpus[0].energy_j, 2000);
  EXPECT_FALSE(figures.gpus[0].is_energy_counted);
}

TEST_F(GpuProcessSamplerTest, WhatADeviceDoesNotTellIsNotMeasured) {
  const FakeGpu gpu{.fault = FakeGpu::Fault::kSilent};
  set_fake_gpu(gpu);
  sampler_.start();
  tick_after(10, gpu);
  const record::GpuFigure figure = finish().gpus.at(0);
  EXPECT_FALSE(figure.memory_peak_bytes || figure.power_w || figure.power_peak_w ||
               figure.energy_j);
  EXPECT_THAT(figure.processes, IsEmpty());
}

TEST_F(GpuProcessSamplerTest, ALostDeviceIsToldAndAskedNoMore) {
  sampler_.start();
  tick_after(10, {.fault = FakeGpu::Fault::kLost});
  tick_after(10, {});
  const record::GpuFigure figure = finish().gpus.at(0);
  EXPECT_EQ(figure.num_samples, 1);
  EXPECT_THAT(figure.complaint, HasSubstr("GPU is lost"));
}

TEST_F(GpuProcessSamplerTest, SkipsTicksWhereALookWasExpensive) {
  cost_s_ = 0.01;  // 20 s at 0.05 % of a core
  sampler_.start();
  for (int i = 0; i < 1000; ++i) tick_after(0.2, {});
  const auto figures = finish();
  EXPECT_LE(figures.gpus[0].num_samples, 11);
  EXPECT_GE(figures.gpus[0].num_samples, 9);
  EXPECT_LE(figures.cost_share, 0.0006);
  EXPECT_GT(figures.cost_share, 0.0003);
}

TEST_F(GpuProcessSamplerTest, EveryRunStartsAnew) {
  set_fake_gpu({.memory_used = 30ULL * kMebi, .processes = {7}, .num_processes = 1});
  sampler_.start();
  finish();
  set_fake_gpu({.memory_used = 10ULL * kMebi});
  sampler_.start();
  const record::GpuFigure figure = finish().gpus.at(0);
  EXPECT_EQ(figure.memory_peak_bytes, 10 * kMebi);
  EXPECT_THAT(figure.processes, IsEmpty());
}

TEST(GpuProcessSampler, WithoutADriverItSaysWhyThereAreNoFigures) {
  GpuProcessSampler sampler("libno-such-nvml.so");
  sampler.start();
  sampler.tick();
  record::ProcessFigures figures;
  sampler.finish(figures);
  EXPECT_THAT(figures.gpus, IsEmpty());
  EXPECT_THAT(figures.gpus_not_watched, HasSubstr("libno-such-nvml.so"));
}

}  // namespace
}  // namespace moebench::measure
