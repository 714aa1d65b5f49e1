#include "reports/write/ladder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "harness/base/file.h"
#include "reports/write/records_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

CellRecord cell(const std::string& id, const std::string& parallelism, const std::string& gathers,
                const std::string& optimizer) {
  return test::record_of(id, {{"parallelism", parallelism},
                              {"ep_degree", parallelism == "ep" ? "2" : "1"},
                              {"expert_kernel", "loop"},
                              {"gathers", gathers},
                              {"optimizer", optimizer},
                              {"dtype", "bf16"}});
}

// 10 million parameters a rank.
std::vector<CellRecord> ladder() {
  std::vector<CellRecord> records = {
      cell("a", "fsdp", "3", "foreach"), cell("b", "fsdp", "2", "foreach"),
      cell("c", "fsdp", "2", "fused"), cell("d", "ep", "2", "fused")};
  const test::Figures figures[] = {
      {102e6, 80e6, 16, 100}, {102e6, 80e6, 8, 200}, {86e6, 80e6, 8, 200}, {84e6, 80.5e6, 2, 800}};
  for (std::size_t i = 0; i < records.size(); ++i) {
    test::set_figures(records[i], figures[i]);
    records[i].metrics["mem_estimate_parameters"] = {.unit = "bytes", .value = 20e6};
  }
  return records;
}

std::vector<std::string> changes(const std::vector<CellRecord>& records) {
  const auto scenarios = group_cells(records);
  std::vector<std::string> texts;
  for (const Rung& rung : ladder_of(scenarios[0], Reference(scenarios[0])))
    texts.push_back(rung.change);
  return texts;
}

TEST(Ladder, IsOneChangeACell) {
  EXPECT_THAT(changes(ladder()), ElementsAre("gathers 3 → 2", "optimizer foreach → fused",
                                             "parallelism fsdp → ep, ep_degree 1 → 2"));
}

TEST(Ladder, TakesAParallelismAndItsDegreeForOneChange) {
  auto records = ladder();
  records[3].axes = {{"parallelism", "hsdp"},   {"ep_degree", "1"}, {"shard_degree", "2"},
                     {"expert_kernel", "loop"}, {"gathers", "2"},   {"optimizer", "fused"},
                     {"dtype", "bf16"},         {"ranks", "2"}};
  for (std::size_t i = 0; i < 3; ++i) {
    records[i].axes.insert(records[i].axes.begin() + 2, {"shard_degree", "0"});
  }
  EXPECT_THAT(changes(records), ElementsAre("gathers 3 → 2", "optimizer foreach → fused",
                                            "parallelism fsdp → hsdp, shard_degree 0 → 2"));
}

// Repeated cells run in random order.
TEST(Ladder, StartsAtTheBaselineInWhateverOrderTheCellsRan) {
  const auto expected = changes(ladder());
  auto records = ladder();
  std::ranges::reverse(records);
  EXPECT_EQ(changes(records), expected);
  std::swap(records[1], records[3]);
  EXPECT_EQ(changes(records), expected);
}

// Both ends are of the reference's kind.
TEST(Ladder, StartsAtTheEndThatRanFirstElse) {
  const CellRecord a = cell("a", "fsdp", "3", "foreach");
  const CellRecord b = cell("b", "fsdp", "2", "foreach");
  const CellRecord c = cell("c", "fsdp", "2", "fused");
  EXPECT_THAT(changes({a, b, c}), ElementsAre("gathers 3 → 2", "optimizer foreach → fused"));
  EXPECT_THAT(changes({b, c, a}), ElementsAre("optimizer fused → foreach", "gathers 2 → 3"));
}

TEST(Ladder, IsNoneWhereACellChangesTwoAxesOrAnAxisTwice) {
  const CellRecord a = cell("a", "fsdp", "3", "foreach");
  const CellRecord b = cell("b", "fsdp", "2", "foreach");
  EXPECT_THAT(changes({a, b}), ElementsAre()) << "two cells";
  EXPECT_THAT(changes({a, b, cell("c", "ep", "2", "fused")}), ElementsAre());
  EXPECT_THAT(changes({a, cell("b", "fsdp", "3", "per_tensor"), cell("c", "fsdp", "3", "fused")}),
              ElementsAre());
  CellRecord degree = cell("d", "ep", "2", "foreach");
  degree.axes[1].second = "4";
  EXPECT_THAT(changes({a, b, cell("c", "ep", "2", "foreach"), degree}), ElementsAre())
      << "parallelism and ep_degree are one axis";
}

// A matrix is no ladder, which must be seen without trying every cell as its start.
TEST(Ladder, IsNoneOfMoreCellsThanAxes) {
  EXPECT_THAT(changes({cell("a", "fsdp", "3", "foreach"), cell("b", "fsdp", "2", "foreach"),
                       cell("c", "fsdp", "2", "fused"), cell("d", "fsdp", "3", "fused")}),
              ElementsAre());
}

// Gains multiply to the whole, shares add up to it.
TEST(Ladder, TableIsTheGoldenText) {
  const std::string text = write_report(ladder(), {});
  const auto path = std::filesystem::path(MOEBENCH_GOLDEN_FOLDER) / "ladder.md";
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN")) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

std::vector<std::string> column(const Table& table, const std::string& title) {
  for (const Column& candidate : table) {
    if (candidate.heading() != title) continue;
    std::vector<std::string> texts;
    for (const Entry& entry : candidate.entries) texts.push_back(entry.text);
    return texts;
  }
  return {};
}

TEST(Ladder, AFailedCellTakesItsRungsAndNothingElse) {
  auto records = ladder();
  records[2].disposition = record::Disposition::kIncorrect;
  const auto scenarios = group_cells(records);
  const Table table = ladder_table(scenarios[0], Reference(scenarios[0]));
  EXPECT_THAT(column(table, "runtime gain"), ElementsAre("2.0x ?", "—", "—", "8.0x ?"));
  EXPECT_THAT(column(table, "share of gain"), ElementsAre("33.3 %", "—", "—", "100.0 %"));
  EXPECT_THAT(column(table, "mem_alloc Δ (kB)"), ElementsAre("0", "—", "—", "+500"));
}

TEST(Ladder, NoGainHasNoShares) {
  auto records = ladder();
  for (CellRecord& record : records) record.metrics["runtime"].value = 8e9;
  const auto scenarios = group_cells(records);
  EXPECT_THAT(column(ladder_table(scenarios[0], Reference(scenarios[0])), "share of gain"),
              ElementsAre("—", "—", "—", "—"));
}

TEST(Ladder, ParametersAreLeftOutWhereNotCounted) {
  auto records = ladder();
  for (CellRecord& record : records) record.metrics.erase("mem_estimate_parameters");
  EXPECT_THAT(write_report(records, {}), Not(HasSubstr("/ parameter (B)")));
}

}  // namespace
}  // namespace moebench::reports
