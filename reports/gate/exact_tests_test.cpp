#include "reports/gate/exact_tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace moebench::gate {
namespace {

using record::CellRecord;

CellRecord exact_run() {
  CellRecord run;
  run.workload = "w";
  run.axes = {{"dtype", "fp32"}};
  run.metrics["mem_peak"] = {.unit = "bytes", .value = 3e9, .per_rank = {3e9, 1e9}};
  run.metrics["real_tokens"] = {.unit = "tokens", .value = 1000};
  run.metrics["loss"] = {.unit = "1", .value = 2.5, .samples = {3, 2.5}};
  return run;
}

// The verdict on a metric after a change to the candidate; kNew where there is no such test.
template <typename Change>
Verdict verdict(const std::string& metric, const Change& change) {
  const CellRecord base = exact_run();
  CellRecord candidate = exact_run();
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
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 3e9)), Verdict::kPass);
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 1e9)), Verdict::kImproved);
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 2.998e9)), Verdict::kPass);
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 3.002e9)), Verdict::kPass);
  EXPECT_EQ(verdict("mem_peak", set("mem_peak", 3.01e9)), Verdict::kRegressed);
}

TEST(ExactTests, FewBytesMoreOfASmallModelCountAsNone) {
  const auto test_of = [](double more) {
    CellRecord base = exact_run(), candidate = exact_run();
    base.metrics["mem_peak"].value = 13e6;
    candidate.metrics["mem_peak"].value = 13e6 + more;
    return exact_tests({&base}, {&candidate}).front();
  };
  EXPECT_EQ(test_of(0.2e6).verdict, Verdict::kPass) << "1.5 %";
  EXPECT_EQ(test_of(0.2e6).note, "less than 500 kB counts as none");
  EXPECT_EQ(test_of(-0.2e6).verdict, Verdict::kPass);
  EXPECT_EQ(test_of(-0.6e6).verdict, Verdict::kImproved);
  EXPECT_EQ(test_of(0.6e6).verdict, Verdict::kRegressed);
  EXPECT_EQ(test_of(0.6e6).note, "allowed: +0.1 %, at least 500 kB");
  EXPECT_EQ(test_of(1e3).note, "") << "less than what is allowed of all models";
}

TEST(ExactTests, TheImbalanceOfMemoryOverRanksIsGatedToo) {
  const auto with_ranks = [](double scale, double smaller) {
    CellRecord base = exact_run(), candidate = exact_run();
    base.metrics["mem_peak"] = {
        .unit = "bytes", .value = 3 * scale, .per_rank = {3 * scale, scale}};
    candidate.metrics["mem_peak"] = base.metrics["mem_peak"];
    candidate.metrics["mem_peak"].per_rank.back() = smaller * scale;
    return exact_tests({&base}, {&candidate})[1].verdict;
  };
  EXPECT_EQ(with_ranks(1e9, 0.5), Verdict::kRegressed);
  EXPECT_EQ(with_ranks(1e9, 1), Verdict::kPass);
  EXPECT_EQ(with_ranks(1e9, 1.5), Verdict::kImproved);
  EXPECT_EQ(with_ranks(1e6, 0.5), Verdict::kPass) << "250 kB";
  EXPECT_EQ(with_ranks(5e6, 0.5), Verdict::kRegressed);
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
  const CellRecord base = exact_run();
  EXPECT_TRUE(exact_tests({&base}, {}).empty());
  EXPECT_TRUE(exact_tests({}, {&base}).empty());
}

TEST(ExactTests, GrowthFromZeroIsGrowth) {
  CellRecord base = exact_run(), candidate = exact_run();
  base.metrics["dropped_rows"] = {.unit = "rows", .value = 0};
  candidate.metrics["dropped_rows"] = {.unit = "rows", .value = 1};
  const auto tests = exact_tests({&base}, {&candidate});
  EXPECT_TRUE(std::ranges::any_of(tests, [](const MetricTest& test) {
    return test.metric == "dropped_rows" && test.verdict == Verdict::kRegressed;
  }));
}

}  // namespace
}  // namespace moebench::gate
