#include "reports/write/gemm_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/records_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A run of two ranks that reaches `flops` a second and rank, where the rate was measured as `rate`.
CellRecord rated_run(int repetition, double rate, double flops = 10e9) {
  CellRecord record = test::arm("a", "fsdp", "1", "loop");
  record.repetition = repetition;
  record.environment = {{"cpu_model", "Some CPU"}, {"threads_per_rank", "1"}, {"device", "cpu"}};
  test::set_figures(record, {2e9, 1e9, 10, 100});
  record.metrics["gemm_flops_per_second"] = {
      .unit = "FLOP/s", .value = 0.9 * rate, .per_rank = {0.9 * rate, 1.1 * rate}};
  record.metrics["model_flops_per_second"] = {.unit = "FLOP/s", .value = flops};
  record.metrics["gemm_share"] = {.unit = "1", .value = flops / rate};
  return record;
}

double share(const GemmRates& rates, const CellRecord& record) {
  return rates.share(record, "model_flops_per_second", "gemm_share").value();
}

TEST(GemmRates, AreMediansOverTheRuns) {
  const std::vector<CellRecord> records = {rated_run(0, 100e9), rated_run(1, 50e9),
                                           rated_run(2, 110e9)};
  const GemmRates rates(records);
  const GemmRate* rate = rates.of(records[1]);
  ASSERT_NE(rate, nullptr);
  EXPECT_DOUBLE_EQ(rate->flops_per_second, 100e9);
  EXPECT_DOUBLE_EQ(rate->smallest, 50e9);
  EXPECT_DOUBLE_EQ(rate->largest, 110e9);
  EXPECT_EQ(rate->runs, 3);
  for (const CellRecord& record : records) EXPECT_DOUBLE_EQ(share(rates, record), 0.1);
  EXPECT_THAT(rates.describe(group_cells(records)[0]),
              ElementsAre("100 GFLOP/s a rank, median of 3 runs (-50.0 %..+10.0 %)"));
}

TEST(GemmRates, AreApartWhereTheConditionsAre) {
  std::vector<CellRecord> records = {rated_run(0, 100e9)};
  const auto add = [&](const auto& change) {
    CellRecord record = rated_run(0, 40e9);
    change(record);
    records.push_back(record);
  };
  add([](CellRecord& record) { record.environment["cpu_model"] = "Other CPU"; });
  add([](CellRecord& record) { record.environment["host"] = "other"; });
  add([](CellRecord& record) { record.environment["threads_per_rank"] = "2"; });
  add([](CellRecord& record) { record.environment["device"] = "cuda"; });
  add([](CellRecord& record) { record.axes.emplace_back("dtype", "bf16"); });
  add([](CellRecord& record) { record.axes.back().second = "4"; });  // ranks
  const GemmRates rates(records);
  for (const CellRecord& record : records) EXPECT_EQ(rates.of(record)->runs, 1);
  EXPECT_DOUBLE_EQ(rates.of(records[0])->flops_per_second, 100e9);
  // The cell, its parallelism and its scenario make no difference.
  CellRecord other = rated_run(0, 80e9);
  other.id = "b";
  other.scenario = "t";
  other.axes[0].second = "ep";
  records.push_back(other);
  EXPECT_EQ(GemmRates(records).of(records[0])->runs, 2);
}

// What later runs took over is no measurement more, whether the one that made it is at hand or not.
TEST(GemmRates, WhatIsTakenOverCountsOnce) {
  std::vector<CellRecord> records = {rated_run(0, 100e9), rated_run(1, 100e9), rated_run(2, 100e9)};
  for (std::size_t i : {1, 2}) records[i].environment[kGemmRateOf] = gemm_measurement(records[0]);
  EXPECT_EQ(gemm_measurement(records[2]), gemm_measurement(records[0]));
  EXPECT_EQ(GemmRates(records).of(records[1])->runs, 1);
  records.push_back(rated_run(3, 50e9));
  EXPECT_DOUBLE_EQ(GemmRates(records).of(records[1])->flops_per_second, 75e9);
  records.erase(records.begin());
  EXPECT_DOUBLE_EQ(GemmRates(records).of(records[0])->flops_per_second, 75e9);
}

TEST(GemmRates, WhereNoneWasMeasuredTheRecordedShareStands) {
  CellRecord record = rated_run(0, 100e9);
  record.metrics.erase("gemm_flops_per_second");
  const GemmRates rates({record});
  EXPECT_EQ(rates.of(record), nullptr);
  EXPECT_DOUBLE_EQ(share(rates, record), 0.1);
  EXPECT_THAT(rates.describe(group_cells({record})[0]), ElementsAre());
}

// Equal runtimes have equal shares, whatever the machine did while each run measured its rate.
TEST(GemmRates, OneNoisyMeasurementMovesNoRow) {
  std::vector<CellRecord> records = {rated_run(0, 100e9), rated_run(1, 104e9), rated_run(0, 55e9)};
  records[2].id = "b";
  records[2].axes[2].second = "grouped";
  const std::string text = write_report(records, {});
  EXPECT_THAT(text, AllOf(HasSubstr(" 10.0 % "), Not(HasSubstr(" 18.2 % ")),
                          HasSubstr("100 GFLOP/s a rank, median of 3 runs (-45.0 %..+4.0 %).")));
  EXPECT_THAT(write_report(records, {.format = Format::kCsv}),
              HasSubstr("\"gemm_share\",\"1\",\"0.1818"))
      << "a record keeps what it measured";
}

}  // namespace
}  // namespace moebench::reports
