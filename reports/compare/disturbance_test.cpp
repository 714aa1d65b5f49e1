#include "reports/compare/disturbance.h"

#include <gmock/gmock.h>

namespace moebench::compare {
namespace {

using ::testing::HasSubstr;

record::CellRecord run(double other_cores, double swap_growth, double clock_hz) {
  record::CellRecord record;
  record.environment = {{"cpu_model", "cpu"}};
  record.metrics["other_cores"] = {.unit = "1", .value = other_cores};
  record.metrics["swap_growth"] = {.unit = "bytes", .value = swap_growth};
  record.metrics["core_clock"] = {.unit = "Hz", .value = clock_hz};
  return record;
}

std::string broken(const record::CellRecord& a, const record::CellRecord& b) {
  return broken_rule(a, "fsdp", b, "ep", {});
}

TEST(Disturbance, IsToldByTelemetryAlone) {
  EXPECT_EQ(broken(run(0.5, 0, 3e9), run(0.7, 1e6, 2.8e9)), "");
  EXPECT_EQ(broken(run(0.5, 0, 3e9), run(0.1, 0, 3e9)),
            "other processes took 0.40 cores more beside the fsdp");
  EXPECT_EQ(broken(run(0, 0, 3e9), run(0.3, 0, 3e9)),
            "other processes took 0.30 cores more beside the ep");
  EXPECT_EQ(broken(run(0, 0, 3e9), run(0, 20e6, 3e9)), "20 MB were swapped out");
  EXPECT_EQ(broken(run(0, 0, 3e9), run(0, 0, 2.5e9)), "the clock dropped from 3000 to 2500 MHz");
}

TEST(Disturbance, IsAGpuThatHeatSlowedDownBesideOneOfThem) {
  record::CellRecord hot = run(0, 0, 3e9), capped = hot;
  hot.environment["gpu_throttle_reasons"] = "sw_power_cap, hw_thermal_slowdown";
  capped.environment["gpu_throttle_reasons"] = "sw_power_cap";
  EXPECT_EQ(broken(capped, hot), "a GPU slowed itself down beside the ep");
  EXPECT_EQ(broken(hot, capped), "a GPU slowed itself down beside the fsdp");
  EXPECT_EQ(broken(hot, hot), "");
  EXPECT_EQ(broken(capped, run(0, 0, 3e9)), "");
}

TEST(Disturbance, IsAnotherMachine) {
  record::CellRecord other = run(0, 0, 3e9);
  other.environment["cpu_model"] = "other";
  EXPECT_THAT(broken(run(0, 0, 3e9), other), HasSubstr("the machine changed"));
}

TEST(Disturbance, IsOtherHosts) {
  record::CellRecord here = run(0, 0, 3e9), there = here;
  here.environment["hosts"] = "a, b";
  there.environment["hosts"] = "a, c";
  EXPECT_EQ(broken(here, there), "other hosts beside the ep: it ran on 'a', 'c', not on 'a', 'b'");
  there.environment["hosts"] = "b, a";
  EXPECT_EQ(broken(here, there), "");
}

TEST(Disturbance, IsNoneWhereNothingWasObserved) {
  record::CellRecord unobserved;
  unobserved.environment = {{"cpu_model", "cpu"}};
  EXPECT_EQ(broken(unobserved, run(5, 0, 3e9)), "");
  EXPECT_EQ(broken({}, {}), "");
}

}  // namespace
}  // namespace moebench::compare
