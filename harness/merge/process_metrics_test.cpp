#include "harness/merge/process_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/record/metric_catalogue.h"

namespace moebench::merge {
namespace {

using record::GpuFigure;
using record::ProcessFigures;
using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;

ProcessFigures figures() {
  ProcessFigures found;
  found.wall_s = 2;
  found.cpu_s = 3;
  found.rss_peak_bytes = 100;
  found.rss_sum_peak_bytes = 180;
  found.pss_sum_peak_bytes = 150;
  found.num_samples = 9;
  found.num_pss_samples = 4;
  return found;
}

GpuFigure gpu(std::optional<std::int64_t> bytes, std::optional<double> joules) {
  GpuFigure found;
  found.memory_peak_bytes = bytes;
  found.energy_j = joules;
  return found;
}

TEST(ProcessMetrics, AreOfAllProcesses) {
  const record::Metrics metrics = process_metrics(figures());
  EXPECT_EQ(metrics.at("process_wall_time").value, 2e9);
  EXPECT_EQ(metrics.at("process_cpu_time").value, 3e9);
  EXPECT_EQ(metrics.at("process_rss_peak").value, 100);
  EXPECT_EQ(metrics.at("process_rss_sum").value, 180);
  EXPECT_EQ(metrics.at("process_pss_sum").value, 150);
  EXPECT_EQ(metrics.size(), 5u) << "without GPUs";
}

TEST(ProcessMetrics, HaveTheCataloguesUnits) {
  ProcessFigures found = figures();
  found.gpus = {gpu(7, 1)};
  for (const auto& [name, metric] : process_metrics(found)) {
    EXPECT_EQ(metric.unit, record::metric_info(name).unit) << name;
  }
}

// The first samples are of a program that has not begun.
TEST(ProcessMetrics, OfFewSamplesThereIsNoSum) {
  ProcessFigures found = figures();
  found.num_samples = 2;
  EXPECT_THAT(process_metrics(found), Not(Contains(Key("process_rss_sum"))));
  EXPECT_THAT(process_metrics(found), Contains(Key("process_pss_sum")));
  found.num_pss_samples = 2;
  EXPECT_THAT(process_metrics(found), Not(Contains(Key("process_pss_sum"))));
  EXPECT_THAT(process_metrics(found), Contains(Key("process_rss_peak"))) << "the kernel's own";
}

TEST(ProcessMetrics, WhatWasNotMeasuredIsAbsent) {
  ProcessFigures found = figures();
  found.rss_peak_bytes.reset();
  found.rss_sum_peak_bytes.reset();
  found.pss_sum_peak_bytes.reset();
  found.gpus = {gpu(std::nullopt, std::nullopt)};
  EXPECT_EQ(process_metrics(found).size(), 2u) << "wall and CPU time";
}

TEST(ProcessMetrics, OfGpusTheFullestAndAllEnergyCount) {
  ProcessFigures found = figures();
  found.gpus = {gpu(5, 1.5), gpu(8, std::nullopt), gpu(std::nullopt, 2)};
  EXPECT_EQ(process_metrics(found).at("process_gpu_memory").value, 8);
  EXPECT_EQ(process_metrics(found).at("process_gpu_energy").value, 3.5);
}

}  // namespace
}  // namespace moebench::merge
