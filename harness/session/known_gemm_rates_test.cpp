#include "harness/session/known_gemm_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/gemm_rates.h"

namespace moebench::session {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;

class KnownGemmRatesTest : public ::testing::Test {
 protected:
  KnownGemmRatesTest() {
    cell_.model.name = "toy";
    cell_.ranks = 2;
  }

  // A repetition whose two ranks reach 10 and 20 GFLOP/s.
  CellRecord run(int repetition) const {
    CellRecord record;
    record.id = cell_.id();
    record.repetition = repetition;
    record.started_at = "2026-02-03T04:05:06Z";
    record.axes = cell_.axes();
    record.environment = {{"host", "here"}, {"cpu_model", "cpu"}};
    record.metrics["model_flops_per_second"] = {
        .unit = "FLOP/s", .value = 15e9, .per_rank = {10e9, 20e9}};
    record.metrics["other_cores"] = {.unit = "1", .value = 0.1};
    return record;
  }
  CellRecord measured(int repetition, double rate = 100e9) const {
    CellRecord record = run(repetition);
    record.metrics["gemm_flops_per_second"] = {
        .unit = "FLOP/s", .value = rate / 2, .per_rank = {rate / 2, rate}};
    return record;
  }
  CellRecord settled(CellRecord record) {
    rates_.settle(cell_, record);
    return record;
  }

  config::CellConfig cell_;
  KnownGemmRates rates_{compare::DisturbanceRules{}};
};

TEST_F(KnownGemmRatesTest, OneRunMeasuresAndTheNextTakeItOver) {
  EXPECT_FALSE(rates_.has(cell_));
  const CellRecord first = settled(measured(0));
  EXPECT_FALSE(first.environment.contains(reports::kGemmRateOf)) << "its own";
  ASSERT_TRUE(rates_.has(cell_));
  for (int repetition : {1, 2}) {
    const CellRecord record = settled(run(repetition));
    EXPECT_EQ(record.environment.at(reports::kGemmRateOf),
              "repetition 0 of " + cell_.id() + ", 2026-02-03T04:05:06Z");
    EXPECT_EQ(record.metrics.at("gemm_flops_per_second"),
              first.metrics.at("gemm_flops_per_second"));
    EXPECT_DOUBLE_EQ(*record.value("gemm_share"), 0.2) << "10 of 50 and 20 of 100";
    EXPECT_FALSE(record.environment.contains("gemm_rate_since"));
  }
  EXPECT_TRUE(rates_.has(cell_));
}

TEST_F(KnownGemmRatesTest, ARateIsOfItsRanksAndNotOfTheirCell) {
  settled(measured(0));
  const auto is_known = [&](const auto& change) {
    config::CellConfig other = cell_;
    change(other);
    return rates_.has(other);
  };
  EXPECT_TRUE(is_known([](auto& cell) { cell.parallelism = config::Parallelism::kEp; }));
  EXPECT_TRUE(is_known([](auto& cell) { cell.seq_len = 17; }));
  EXPECT_FALSE(is_known([](auto& cell) { cell.ranks = 4; }));
  EXPECT_FALSE(is_known([](auto& cell) { cell.threads_per_rank = 2; }));
  EXPECT_FALSE(is_known([](auto& cell) { cell.dtype = config::Dtype::kFp32; }));
  EXPECT_FALSE(is_known([](auto& cell) { cell.device = config::Device::kCuda; }));
  EXPECT_FALSE(is_known([](auto& cell) { cell.bind = config::Binding::kCore; }));
  EXPECT_FALSE(is_known([](auto& cell) { cell.measure = config::Measure::kLoad; }));
  EXPECT_FALSE(is_known([](auto& cell) { cell.engine.command = {"train"}; }));
}

TEST_F(KnownGemmRatesTest, AnotherStateOfTheMachineIsMeasuredAnew) {
  settled(measured(0));
  CellRecord busy = run(1);
  busy.metrics["other_cores"].value = 0.9;
  busy = settled(busy);
  EXPECT_DOUBLE_EQ(*busy.value("gemm_share"), 0.2);
  EXPECT_EQ(busy.environment.at("gemm_rate_since"),
            "other processes took 0.80 cores more beside the run");
  EXPECT_FALSE(rates_.has(cell_));
  settled(measured(2, 50e9));
  EXPECT_DOUBLE_EQ(*settled(run(3)).value("gemm_share"), 0.4);
}

TEST_F(KnownGemmRatesTest, OtherConditionsHaveNoRate) {
  settled(measured(0));
  CellRecord elsewhere = run(1);
  elsewhere.environment["host"] = "there";
  elsewhere = settled(elsewhere);
  EXPECT_FALSE(elsewhere.value("gemm_share"));
  EXPECT_FALSE(elsewhere.environment.contains(reports::kGemmRateOf));
  EXPECT_FALSE(rates_.has(cell_));
}

TEST_F(KnownGemmRatesTest, AFailureNeitherGivesNorTakes) {
  CellRecord failed = measured(0);
  failed.disposition = record::Disposition::kIncorrect;
  settled(failed);
  EXPECT_FALSE(rates_.has(cell_));
  settled(measured(1));
  failed = run(2);
  failed.disposition = record::Disposition::kCrashed;
  EXPECT_FALSE(settled(failed).value("gemm_flops_per_second"));
  EXPECT_TRUE(rates_.has(cell_));
}

}  // namespace
}  // namespace moebench::session
