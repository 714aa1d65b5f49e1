#include "harness/machine/run_telemetry.h"

#include <gtest/gtest.h>

#include <thread>

namespace moebench::machine {
namespace {

TEST(RunTelemetry, SaysHowLongTheRunTookAndWhatElseWasBusy) {
  RunTelemetry telemetry;
  for (int i = 0; i < 3; ++i) telemetry.sample_clock();
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end) {
  }
  const record::Metrics metrics = telemetry.finish();
  EXPECT_GE(metrics.at("run_time").value.value(), 300e6);
  EXPECT_GE(metrics.at("swap_growth").value.value(), 0);
  if (metrics.contains("other_cores")) {
    EXPECT_GE(metrics.at("other_cores").value.value(), 0);
    EXPECT_LE(metrics.at("other_cores").value.value(), 1.1 * std::thread::hardware_concurrency());
  }
  if (metrics.contains("core_clock")) {
    EXPECT_GT(metrics.at("core_clock").value.value(), 1e8);
  }
}

TEST(CoreTimes, OnlyGrow) {
  const CoreTimes before = read_core_times();
  const CoreTimes after = read_core_times();
  EXPECT_GE(after.total, before.total);
  EXPECT_GE(after.idle, before.idle);
}

}  // namespace
}  // namespace moebench::machine
