#include "reports/write/cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Cost : public ::testing::Test {
 protected:
  // Two arms of 8 ranks, of which the first trains 80 x 8 tokens/s.
  Cost() : records_(test::fms_records()) {
    for (record::CellRecord& record : records_) record.environment["device"] = "cuda";
    records_[0].metrics["tokens_per_second"].value = 80;
  }

  Table table(const std::optional<double>& price = std::nullopt) const {
    return cost_table(group_cells(records_).front(), price);
  }
  std::string line(const std::optional<double>& price = std::nullopt) const {
    const auto lines = cost_lines(group_cells(records_).front(), price);
    return lines.empty() ? "" : lines.front();
  }
  static std::vector<std::string> titles(const Table& table) {
    std::vector<std::string> titles;
    for (const Column& column : table) {
      if (!column.is_key) titles.push_back(column.title);
    }
    return titles;
  }
  static double number(const Table& table, const std::string& title) {
    for (const Column& column : table) {
      if (column.title == title) return std::get<double>(column.entries.front().value);
    }
    return -1;
  }

  std::vector<record::CellRecord> records_;
};

TEST_F(Cost, GpuHoursAreOfAllGpus) {
  EXPECT_THAT(titles(table()), ElementsAre("GPU-h / Gtoken"));
  EXPECT_DOUBLE_EQ(number(table(), "GPU-h / Gtoken"), 8 * 1e9 / 640 / 3600);
  records_[0].metrics["global_tokens_per_second"] = {.unit = "tokens/s", .value = 1000};
  EXPECT_DOUBLE_EQ(number(table(), "GPU-h / Gtoken"), 8 * 1e9 / 1000 / 3600);
}

TEST_F(Cost, MoneyIsThePriceOfTheGpuHours) {
  EXPECT_DOUBLE_EQ(number(table(2.5), "cost / Gtoken"), 2.5 * 8 * 1e9 / 640 / 3600);
  EXPECT_THAT(line(2.5), HasSubstr("2.50 a GPU-hour, as given"));
  EXPECT_THAT(line(), Not(HasSubstr("GPU-hour")));
}

TEST_F(Cost, EnergyIsOfThePowerInTheMeasuredSteps) {
  records_[0].metrics["gpu_power"] = {.unit = "W", .value = 400};
  records_[0].metrics["process_gpu_energy"] = {.unit = "J", .value = 1e6};
  EXPECT_DOUBLE_EQ(number(table(), "GPU J / Mtoken"), 8 * 400 / 640.0 * 1e6);
  EXPECT_THAT(line(), HasSubstr("in the measured steps, by NVML"));
  records_[0].metrics["package_power"] = {.unit = "W", .value = 64};
  EXPECT_DOUBLE_EQ(number(table(), "CPU J / Mtoken"), 64 / 640.0 * 1e6);
  records_[0].environment["hosts"] = "a, b";
  EXPECT_THAT(titles(table()), Not(::testing::Contains("CPU J / Mtoken")));
}

TEST_F(Cost, WithoutThatItIsOfTheWholeRunAndSaysSo) {
  records_[0].metrics["process_gpu_energy"] = {.unit = "J", .value = 6000};
  records_[0].metrics["process_wall_time"] = {.unit = "ns", .value = 3e9};
  EXPECT_DOUBLE_EQ(number(table(), "GPU J / Mtoken"), 2000 / 640.0 * 1e6);
  EXPECT_THAT(line(), HasSubstr("over the whole run, load included"));
}

TEST_F(Cost, OnCpusThereAreCoreHoursAndNoMoney) {
  for (record::CellRecord& record : records_) {
    record.environment["device"] = "cpu";
    record.environment["threads_per_rank"] = "2";
  }
  EXPECT_THAT(titles(table(3)), ElementsAre("core-h / Gtoken"));
  EXPECT_DOUBLE_EQ(number(table(), "core-h / Gtoken"), 16 * 1e9 / 640 / 3600);
  EXPECT_THAT(line(3), HasSubstr("No cell ran on GPUs of its own"));
}

TEST_F(Cost, OfOtherTrainersTheWatchedGpusCount) {
  for (record::CellRecord& record : records_) record.environment.erase("device");
  EXPECT_THAT(table(), IsEmpty());
  records_[0].metrics["process_gpu_memory"] = {.unit = "bytes", .value = 1e9};
  EXPECT_DOUBLE_EQ(number(table(), "GPU-h / Gtoken"), 8 * 1e9 / 640 / 3600);
}

TEST_F(Cost, RanksThatShareAGpuHaveNoGpuHours) {
  for (record::CellRecord& record : records_) {
    record.environment["device_collectives"] = "through the host";
  }
  EXPECT_THAT(table(3), IsEmpty());
  EXPECT_THAT(line(3), "");
}

TEST_F(Cost, AFailedCellHasNone) {
  records_[0].disposition = record::Disposition::kCrashed;
  EXPECT_DOUBLE_EQ(number(table(), "GPU-h / Gtoken"), 1e9 / 337 / 3600);
}

}  // namespace
}  // namespace moebench::reports
