#include "reports/gate/exact_tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace moebench::gate {
namespace {

using record::CellRecord;

CellRecord run() {
  CellRecord run;
  run.workload = "w";
  run.axes = {{"dtype", "fp32"}};
  run.metrics["mem_peak"] = {.unit = "bytes", .value = 3e6, .per_rank = {3e6, 1e6}};
  run.metrics["real_tokens"] = {.unit = "tokens", .value = 1000};
  run.metrics["loss"] = {.unit = "1", .value = 2.5, .samples = {3, 2.5}};
  return run;
}

// The verdict on a metric after a change to the candidate; kNew where there is no such test.
template <typename Change>
Verdict verdict(const std::string& metric, const Change& change) {
  const CellRecord base = run();
  CellRecord candidate = run();
  change(candidate);
  for (const MetricTest& test : exact_tests({&base}, {&candidate})) {
    if (test.metric == metric) return test.verdict;
  }
  return Verdict::kNew;
}

auto set(const char* metric, double value) {
  return [=](CellRecord& record) { record.metrics[metric].value = value; };
}

TEST(ExactTests, MemoryMayFallAndNotGrow) {
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 3e6)), Verdict::kPass);
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 1e6)), Verdict::kPass);
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 3.002e6)), Verdict::kPass);
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 3.01e6)), Verdict::kRegressed);
}

TEST(ExactTests, TheImbalanceOfMemoryOverRanksIsGatedToo) {
  EXPECT_EQ(verdict("mem_peak_imbalance",
                    [](CellRecord& record) {
                      record.metrics["mem_peak"].per_rank = {3e6, 0.5e6};
                    }),
            Verdict::kRegressed);
  EXPECT_EQ(verdict("mem_peak_imbalance", set("mem_peak", 3e6)), Verdict::kPass);
}

TEST(ExactTests, TokensMustBeTheSame) {
  EXPECT_EQ(verdict("real_tokens", set("real_tokens", 1001)), Verdict::kRegressed);
  EXPECT_EQ(verdict("real_tokens", set("real_tokens", 999)), Verdict::kRegressed);
}

TEST(ExactTests, LossesOfTheFirstStepsMayMoveAsRoundingDoes) {
  const auto second = [](double loss) {
    return [=](CellRecord& record) { record.metrics["loss"].samples[1] = loss; };
  };
  EXPECT_EQ(verdict("loss", second(2.5 * (1 + 5e-6))), Verdict::kPass);
  EXPECT_EQ(verdict("loss", second(2.5 * (1 - 5e-5))), Verdict::kRegressed);
}

TEST(ExactTests, OtherWorkIsComparedInMemoryAlone) {
  const auto other = [](CellRecord& record) {
    record.workload = "v";
    record.metrics["loss"].value = 9;
  };
  EXPECT_EQ(verdict("loss", other), Verdict::kNew);
  EXPECT_EQ(verdict("mem_peak", other), Verdict::kPass);
}

TEST(ExactTests, WhatTheCandidateLacksIsMissing) {
  EXPECT_EQ(verdict("mem_peak", [](CellRecord& record) { record.metrics.erase("mem_peak"); }),
            Verdict::kMissing);
  EXPECT_EQ(verdict("loss", set("loss", std::nan(""))), Verdict::kMissing);
  const CellRecord base = run();
  EXPECT_TRUE(exact_tests({&base}, {}).empty());
  EXPECT_TRUE(exact_tests({}, {&base}).empty());
}

TEST(ExactTests, GrowthFromZeroIsGrowth) {
  CellRecord base = run(), candidate = run();
  base.metrics["dropped_rows"] = {.unit = "rows", .value = 0};
  candidate.metrics["dropped_rows"] = {.unit = "rows", .value = 1};
  const auto tests = exact_tests({&base}, {&candidate});
  EXPECT_TRUE(std::ranges::any_of(tests, [](const MetricTest& test) {
    return test.metric == "dropped_rows" && test.verdict == Verdict::kRegressed;
  }));
}

}  // namespace
}  // namespace moebench::gate
