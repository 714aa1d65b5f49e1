#include "reports/write/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::HasSubstr;

CellRecord trained(const std::string& id, const std::string& parallelism, const std::string& kernel,
                   std::vector<double> loss) {
  CellRecord record = test::arm(id, parallelism, "1", kernel);
  record.axes.emplace_back("dtype", "fp32");
  record.workload = "w";
  record.metrics["grad_norm"] = {.unit = "1", .samples = std::vector<double>(loss.size(), 1.5)};
  record.metrics["loss"] = {.unit = "1", .samples = std::move(loss)};
  return record;
}

std::vector<Disposition> judged(std::vector<CellRecord> records) {
  std::vector<Disposition> dispositions;
  for (const CellRecord& record : check_agreement(std::move(records))) {
    dispositions.push_back(record.disposition);
  }
  return dispositions;
}

constexpr auto kOk = Disposition::kOk;
constexpr auto kWrong = Disposition::kIncorrect;

TEST(Agreement, ArmsWithinTheBoundAreOk) {
  EXPECT_THAT(judged({trained("a", "fsdp", "loop", {2, 1}),
                      trained("b", "ep", "grouped", {2.00001, 0.999995})}),
              ::testing::ElementsAre(kOk, kOk));
}

TEST(Agreement, TheArmAwayFromTheBaselineIsIncorrectAndSaysWhere) {
  const auto records = check_agreement(
      {trained("b", "ep", "grouped", {2, 1.001}), trained("a", "fsdp", "loop", {2, 1})});
  EXPECT_EQ(records[0].disposition, kWrong);
  EXPECT_EQ(records[0].message,
            "loss of measured step 2: 1.0e-03 apart from parallelism fsdp · expert_kernel loop, "
            "1.0e-05 allowed");
  EXPECT_EQ(records[1].disposition, kOk);
}

TEST(Agreement, TheMajorityOverrulesTheBaseline) {
  EXPECT_THAT(judged({trained("a", "fsdp", "loop", {3, 1}), trained("b", "fsdp", "grouped", {2, 1}),
                      trained("c", "ep", "loop", {2, 1})}),
              ::testing::ElementsAre(kWrong, kOk, kOk));
}

TEST(Agreement, GradientNormsAndNanCountToo) {
  auto norm = trained("b", "ep", "loop", {2, 1});
  norm.metrics["grad_norm"].samples[1] = 1.6;
  const auto nan = trained("c", "ep", "grouped", {2, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_THAT(judged({trained("a", "fsdp", "loop", {2, 1}), norm, nan}),
              ::testing::ElementsAre(kOk, kWrong, kWrong));
}

TEST(Agreement, OnlyOkRecordsOfOneScenarioAndWorkloadAreCompared) {
  auto other_work = trained("b", "ep", "loop", {7, 7});
  other_work.workload = "v";
  auto other_scenario = trained("c", "ep", "loop", {7, 7});
  other_scenario.scenario = "t";
  auto crashed = trained("d", "ep", "grouped", {7, 7});
  crashed.disposition = Disposition::kCrashed;
  EXPECT_THAT(judged({trained("a", "fsdp", "loop", {2, 1}), other_work, other_scenario, crashed}),
              ::testing::ElementsAre(kOk, kOk, kOk, Disposition::kCrashed));
}

TEST(Agreement, RepetitionsOfACellAreComparedAsWell) {
  auto again = trained("a", "fsdp", "loop", {2, 1.1});
  again.repetition = 1;
  const auto records = check_agreement({trained("a", "fsdp", "loop", {2, 1}), again});
  EXPECT_EQ(records[1].disposition, kWrong);
  EXPECT_THAT(records[1].message, HasSubstr("apart from repetition 0"));
}

TEST(Agreement, OfManyRecordsTheMajorityIsFoundByTryingSome) {
  std::vector<CellRecord> records;
  std::vector<Disposition> expected;
  for (int i = 0; i < 400; ++i) {
    const bool is_wrong = i < 2 || i % 3 == 0;
    records.push_back(trained(std::to_string(i), i < 2 ? "fsdp" : "ep", "loop",
                              {is_wrong ? 2.0 + 0.001 * (i % 7 + 1) : 2.0}));
    expected.push_back(is_wrong ? kWrong : kOk);
  }
  EXPECT_EQ(judged(records), expected);
}

}  // namespace
}  // namespace moebench::reports
