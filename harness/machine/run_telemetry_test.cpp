#include "harness/machine/run_telemetry.h"

#include <gtest/gtest.h>

#include <chrono>

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
  for (const char* name : {"other_cores", "core_clock"}) {
    if (!metrics.contains(name)) continue;
    EXPECT_GE(metrics.at(name).value.value(), 0) << name;
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
