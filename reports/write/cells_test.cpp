#include "reports/write/cells.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using record::Disposition;
using Names = std::vector<std::string>;

CellRecord repetition(int number, double runtime_ns) {
  CellRecord r = test::arm("a", "fsdp", "1", "loop");
  r.repetition = number;
  r.metrics["runtime"] = {.unit = "ns", .value = runtime_ns};
  return r;
}

TEST(Cells, GroupsRepetitionsByScenarioAndId) {
  auto other = repetition(0, 1);
  other.scenario = "t";
  const std::vector<CellRecord> records = {repetition(0, 1), test::arm("b", "ep", "2", "loop"),
                                           other, repetition(1, 1)};
  const auto scenarios = group_cells(records);
  ASSERT_EQ(scenarios.size(), 2u);
  ASSERT_EQ(scenarios[0].cells.size(), 2u);
  EXPECT_EQ(scenarios[0].cells[0].repetitions.size(), 2u);
  EXPECT_EQ(scenarios[0].varying_axes, (Names{"parallelism", "ep_degree"}));
  EXPECT_EQ(scenarios[0].constant_axes, (Names{"expert_kernel", "ranks"}));
  EXPECT_EQ(scenarios[1].name, "t");
  EXPECT_THROW(group_cells({}), Error);
}

TEST(Cells, ACellIsInEachOfItsScenarios) {
  auto shared = test::arm("a", "fsdp", "1", "loop");
  shared.scenarios = {{"s", "/f"}, {"t", "/f"}, {"t", "/g"}};
  auto second = test::arm("c", "fsdp", "1", "grouped");
  second.scenario = "t";
  const std::vector<CellRecord> records = {shared, test::arm("b", "ep", "2", "loop"), second};
  const auto scenarios = group_cells(records);
  ASSERT_EQ(scenarios.size(), 2u);
  EXPECT_EQ(scenarios[0].cells.size(), 2u);
  ASSERT_EQ(scenarios[1].cells.size(), 2u);
  EXPECT_EQ(scenarios[1].cells[0].id(), "a");
  EXPECT_EQ(scenarios[1].cells[0].repetitions.size(), 1u);
  EXPECT_EQ(scenarios[1].varying_axes, (Names{"expert_kernel"}));
}

TEST(Cells, IdsTellApartWhatNoAxisDoes) {
  const std::vector<CellRecord> records = {test::arm("a", "fsdp", "1", "loop"),
                                           test::arm("b", "fsdp", "1", "loop"),
                                           test::arm("c", "ep", "1", "loop")};
  const auto scenarios = group_cells(records);
  EXPECT_EQ(scenarios[0].varying_axes, (Names{"parallelism", "id"}));
  EXPECT_EQ(scenarios[0].cells[1].axis("id"), "b");
}

TEST(Cells, ARowIsTheRepetitionOfMedianRuntime) {
  const auto typical = [](const std::vector<double>& runtimes) {
    std::vector<CellRecord> records;
    for (const double runtime : runtimes) {
      records.push_back(repetition(static_cast<int>(records.size()), runtime));
    }
    const auto scenarios = group_cells(records);
    return scenarios[0].cells[0].typical().repetition;
  };
  EXPECT_EQ(typical({100}), 0);
  EXPECT_EQ(typical({100, 96, 110}), 0);
  EXPECT_EQ(typical({100, 96}), 1) << "the faster of two in the middle";
  EXPECT_EQ(typical({100, 110, 90, 96}), 3);
  std::vector<CellRecord> records = {repetition(0, 1), repetition(1, 2), repetition(2, 3)};
  for (CellRecord& record : records) record.metrics.clear();
  EXPECT_EQ(group_cells(records)[0].cells[0].typical().repetition, 0);
  for (CellRecord& record : records) {
    record.metrics["load_time"] = {.unit = "ns", .value = 10.0 - record.repetition};
  }
  EXPECT_EQ(group_cells(records)[0].cells[0].typical().repetition, 1);
  records[0].metrics["runtime"] = {.unit = "ns", .value = 5};
  EXPECT_EQ(group_cells(records)[0].cells[0].typical().repetition, 0);
}

TEST(Cells, SpreadIsOverTheRepetitions) {
  const std::vector<CellRecord> records = {repetition(0, 100), repetition(1, 96),
                                           repetition(2, 110)};
  const auto scenarios = group_cells(records);
  const Cell& cell = scenarios[0].cells[0];
  EXPECT_EQ(cell.value("runtime"), 100);
  EXPECT_NEAR(cell.spread("runtime")->first, -0.04, 1e-12);
  EXPECT_NEAR(cell.spread("runtime")->second, 0.10, 1e-12);
  EXPECT_EQ(cell.value("mem_peak"), std::nullopt);
  EXPECT_EQ(cell.spread("mem_peak"), std::nullopt);
}

TEST(Cells, OneFailedRepetitionFailsTheCell) {
  std::vector<CellRecord> records = {repetition(0, 100), repetition(1, 96)};
  EXPECT_TRUE(group_cells(records)[0].cells[0].ok());
  records[1].disposition = Disposition::kTimedOut;
  const auto scenarios = group_cells(records);
  EXPECT_FALSE(scenarios[0].cells[0].ok());
  EXPECT_EQ(scenarios[0].cells[0].failure()->repetition, 1);
}

TEST(Cells, HaveTheBaselineThatTheScenarioNamed) {
  auto records = test::quickstart();
  const std::string text = "parallelism=ep,routing=skewed(1,2)";
  for (CellRecord& record : records) record.scenarios = {{record.scenario, "", text}};
  using Values = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(group_cells(records)[0].baseline,
            (Values{{"parallelism", "ep"}, {"routing", "skewed(1,2)"}}));
}

}  // namespace
}  // namespace moebench::reports
