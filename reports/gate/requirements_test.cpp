#include "reports/gate/requirements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"
#include "reports/write/format.h"

namespace moebench::gate {
namespace {

using record::CellRecord;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ParseRequirements, TakesUnitsAndComparisons) {
  const auto all = parse_requirements("gemm_share>=0.4, mem_peak <= 64GB,step_time<1.5 ms");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].metric, "gemm_share");
  EXPECT_EQ(all[0].comparison, Comparison::kAtLeast);
  EXPECT_EQ(all[0].bound, 0.4);
  EXPECT_EQ(all[1].bound, 64e9);
  EXPECT_EQ(all[1].words, "<= 64GB");
  EXPECT_EQ(all[2].comparison, Comparison::kBelow);
  EXPECT_EQ(all[2].bound, 1.5e6);
  const auto bound = [](const std::string& text) { return parse_requirements(text).front().bound; };
  EXPECT_EQ(bound("gemm_share > 40%"), 0.4);
  EXPECT_EQ(bound("mem_peak<2GiB"), 0x1p31);
  EXPECT_EQ(bound("runtime<=2min"), 120e9);
  EXPECT_EQ(bound("tokens_per_second>=5000"), 5000);
  EXPECT_EQ(bound("dropped_rows<=0"), 0);
  EXPECT_EQ(bound("swap_growth<=0"), 0) << "nothing needs no unit";
  EXPECT_EQ(bound("phase_time_attention>1e3us"), 1e6);
}

TEST(ParseRequirements, RefusesWhatItCannotMean) {
  const auto error = [](const std::string& text) {
    return error_of([&] { parse_requirements(text); });
  };
  EXPECT_THAT(error("mem_paek<=64GB"), HasSubstr("did you mean 'mem_peak'?"));
  EXPECT_THAT(error("mem_peak<=64"), AllOf(HasSubstr("no unit"), HasSubstr("GiB")));
  EXPECT_THAT(error("mem_peak<=64ms"), HasSubstr("the unit 'ms'"));
  EXPECT_THAT(error("mem_peak<=64gb"), HasSubstr("the unit 'gb'"));
  EXPECT_THAT(error("gemm_share=0.4"), HasSubstr("is no bound"));
  EXPECT_THAT(error("gemm_share"), HasSubstr("is no bound"));
  EXPECT_THAT(error(">=0.4"), HasSubstr("is no bound"));
  EXPECT_THAT(error(""), HasSubstr("is no bound"));
  EXPECT_THAT(error("gemm_share>=0.4,"), HasSubstr("is no bound"));
  EXPECT_THAT(error("gemm_share>="), HasSubstr("no number"));
  EXPECT_THAT(error("gemm_share>=nan"), HasSubstr("no number"));
  EXPECT_THAT(error("gemm_share=>0.4"), HasSubstr("no metric 'gemm_share='"));
  EXPECT_THAT(error("tokens_per_expert>3"), HasSubstr("has no number for a run"));
}

// Runs of a cell whose step took so many milliseconds.
std::vector<CellRecord> runs(const std::string& kernel, const std::vector<double>& step_ms) {
  std::vector<CellRecord> records;
  for (const double ms : step_ms) {
    CellRecord run;
    run.id = kernel;
    run.scenario = "quick";
    run.axes = {{"kernel", kernel}};
    run.repetition = static_cast<int>(records.size());
    run.metrics["step_time"] = {.unit = "ns", .value = ms * 1e6};
    run.metrics["mem_peak"] = {.unit = "bytes", .value = 1e9};
    records.push_back(std::move(run));
  }
  return records;
}

BoundTest only(const std::vector<CellRecord>& records, const std::string& requirement) {
  const auto report = judge_requirements(records, parse_requirements(requirement), "2024-06-01");
  EXPECT_EQ(report.tests.size(), 1U);
  return report.tests.front();
}

TEST(JudgeRequirements, TheIntervalDecides) {
  const auto records = runs("a", {100, 101, 99, 100});
  EXPECT_EQ(only(records, "step_time<110ms").holding, Holding::kHeld);
  EXPECT_EQ(only(records, "step_time>=90ms").holding, Holding::kHeld);
  EXPECT_EQ(only(records, "step_time>110ms").holding, Holding::kBroken);
  const BoundTest open = only(records, "step_time<100.5ms");
  EXPECT_EQ(open.holding, Holding::kUndecided);
  EXPECT_LT(*open.lower, 100.5e6);
  EXPECT_GT(*open.upper, 100.5e6);
  EXPECT_NEAR(*open.value, 100e6, 1e4);
  EXPECT_THAT(open.note, AllOf(HasSubstr("about "), HasSubstr(" runs more would decide")));
}

TEST(JudgeRequirements, MoreTestsAtOnceHaveWiderIntervals) {
  const auto records = runs("a", {100, 101, 99, 100});
  const auto many = judge_requirements(
      records, parse_requirements("step_time<110ms,step_time<111ms,step_time<112ms"), "");
  EXPECT_GT(*many.tests.front().upper, *only(records, "step_time<110ms").upper);
}

TEST(JudgeRequirements, OneRunTellsMemoryAndNoTime) {
  const auto once = runs("a", {100});
  EXPECT_EQ(only(once, "mem_peak<=1GB").holding, Holding::kHeld);
  EXPECT_EQ(only(once, "mem_peak<1GB").holding, Holding::kBroken);
  const BoundTest time = only(once, "step_time<1s");
  EXPECT_EQ(time.holding, Holding::kUndecided);
  EXPECT_THAT(time.note, HasSubstr("repeat it"));
  EXPECT_EQ(time.lower, std::nullopt);

  auto twice = runs("a", {100, 100});
  twice[1].metrics["mem_peak"].value = 2e9;
  EXPECT_EQ(only(twice, "mem_peak<=1.5GB").holding, Holding::kBroken) << "the worst run decides";
}

TEST(JudgeRequirements, ZerosHaveNoLogarithm) {
  auto records = runs("a", {100, 100, 100});
  for (auto& run : records) run.metrics["other_cores"] = {.unit = "1", .value = 0};
  EXPECT_EQ(only(records, "other_cores<=0").holding, Holding::kHeld);
  EXPECT_EQ(only(records, "other_cores<0.1").holding, Holding::kHeld);
  records[0].metrics["other_cores"].value = 0.3;
  EXPECT_EQ(only(records, "other_cores<0.2").holding, Holding::kUndecided);
}

TEST(JudgeRequirements, WhatIsNotThereIsNotHeld) {
  auto records = runs("a", {100, 101});
  EXPECT_EQ(only(records, "gemm_share>0.1").holding, Holding::kMissing);
  records[0].metrics["gemm_share"] = {.unit = "1", .value = 0.5};
  const BoundTest half = only(records, "gemm_share>0.1");
  EXPECT_EQ(half.holding, Holding::kMissing);
  EXPECT_EQ(half.note, "measured in 1 of 2 runs");

  records[1].disposition = record::Disposition::kOutOfMemory;
  records[1].message = "no memory\nmore";
  EXPECT_EQ(only(records, "step_time<1s").holding, Holding::kFailed);
  EXPECT_EQ(only(records, "step_time<1s").note, "out_of_memory: no memory");
  records[1].known_failure = record::KnownFailure{"too large", "2024-07-01"};
  EXPECT_EQ(only(records, "step_time<1s").holding, Holding::kKnownFailure);
}

TEST(JudgeRequirements, PrintsTheWorstFirst) {
  auto records = runs("fast", {10, 10.1, 9.9});
  for (auto& run : runs("slow & slower", {20, 20.1, 19.9})) records.push_back(run);
  const auto report = judge_requirements(records, parse_requirements("step_time<15ms"), "");
  EXPECT_EQ(report.worst(), Holding::kBroken);
  const std::string text = print(requirement_document(report), reports::Format::kMarkdown);
  EXPECT_THAT(text,
              AllOf(HasSubstr("# Requirements: BROKEN"),
                    HasSubstr("2 requirements of cells: 1 BROKEN, 1 HELD."),
                    HasSubstr("slow &amp; slower"), HasSubstr("|  20.0 ms | 19.6 ms | 20.4 ms |")));
  EXPECT_LT(text.find("| BROKEN"), text.find("| HELD"));
}

}  // namespace
}  // namespace moebench::gate
