#include "reports/write/improvements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"
#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;

// The id of the reference of the cell `id`, "" where it has none.
std::string reference_id(const std::vector<CellRecord>& records, const std::string& id,
                         const AxisValues& axes = {}) {
  const auto scenarios = group_cells(records);
  check_baseline(scenarios, axes);
  const Reference reference(scenarios[0], axes);
  const std::vector<const Cell*> references = reference.of_cells(scenarios[0]);
  for (std::size_t i = 0; i < references.size(); ++i) {
    if (scenarios[0].cells[i].id() == id) return references[i] ? references[i]->id() : "";
  }
  return "no such cell";
}

std::vector<CellRecord> matrix() {
  return {test::arm("fl", "fsdp", "1", "loop"), test::arm("fg", "fsdp", "1", "grouped"),
          test::arm("e2l", "ep", "2", "loop"), test::arm("e2g", "ep", "2", "grouped"),
          test::arm("e4g", "ep", "4", "grouped")};
}

TEST(Reference, IsFsdpWithTheExpertLoopByDefault) {
  for (const char* id : {"fl", "fg", "e2l", "e2g", "e4g"}) {
    EXPECT_EQ(reference_id(matrix(), id), "fl") << id;
  }
}

// Nothing to choose a baseline by but what the cells differ in.
TEST(Reference, IsFoundInWhatDiffersMostPlainly) {
  const auto found = [](const std::vector<CellRecord>& records) {
    return Reference(group_cells(records).front()).text();
  };
  EXPECT_EQ(found({test::arm("a", "ep", "2", "grouped"), test::arm("b", "fsdp", "1", "grouped")}),
            "parallelism=fsdp");
  EXPECT_EQ(found({test::arm("a", "ep", "2", "grouped"), test::arm("b", "ep", "2", "loop")}),
            "expert_kernel=loop");
  EXPECT_EQ(found({test::arm("a", "fsdp", "1", "grouped"), test::arm("b", "ep", "2", "loop")}),
            "parallelism=fsdp, expert_kernel=grouped");
  EXPECT_EQ(
      found({test::record_of("a", {{"seq_len", "64"}}), test::record_of("b", {{"seq_len", "8"}})}),
      "seq_len=64");
  EXPECT_EQ(found({test::arm("a", "ep", "2", "grouped")}), "parallelism=ep, expert_kernel=grouped");
}

TEST(Reference, IsWhatTheScenarioNames) {
  const auto records = matrix();
  auto scenario = group_cells(records).front();
  scenario.baseline = {{"parallelism", "ep"}, {"expert_kernel", "grouped"}};
  EXPECT_EQ(Reference(scenario).text(), "parallelism=ep, expert_kernel=grouped");
  EXPECT_EQ(Reference(scenario, {{"expert_kernel", "loop"}}).text(), "expert_kernel=loop");
  EXPECT_EQ(Reference(scenario, {{"expert_kernel", "other"}}).text(),
            "parallelism=ep, expert_kernel=grouped");
}

TEST(Reference, AgreesInAllOtherAxes) {
  auto records = matrix();
  records[4].axes.back() = {"ranks", "4"};
  EXPECT_EQ(reference_id(records, "e4g"), "");
  EXPECT_EQ(reference_id(records, "e2g"), "fl");
}

TEST(Reference, OfOneAxisComparesWithinTheOthers) {
  const AxisValues loop = {{"expert_kernel", "loop"}};
  EXPECT_EQ(reference_id(matrix(), "fg", loop), "fl");
  EXPECT_EQ(reference_id(matrix(), "e2g", loop), "e2l");
}

TEST(Reference, PrefersTheCellsOwnDegree) {
  const AxisValues grouped_ep = {{"parallelism", "ep"}, {"expert_kernel", "grouped"}};
  EXPECT_EQ(reference_id(matrix(), "e2g", grouped_ep), "e2g");
  EXPECT_EQ(reference_id(matrix(), "fg", grouped_ep), "");
}

TEST(Reference, ThatMatchesNothingIsAnErrorWithWhatThereIs) {
  const auto records = matrix();
  EXPECT_EQ(error_of([&] {
              check_baseline(group_cells(records), {{"parallelism", "fsdp"}, {"ep_degree", "4"}});
            }),
            "baseline 'parallelism=fsdp, ep_degree=4' matches no cell; the results have these axes "
            "and values: parallelism: fsdp, ep; ep_degree: 1, 2, 4; expert_kernel: loop, grouped; "
            "ranks: 2");
}

TEST(Reference, ASlipIsNamedWithTheNearestWord) {
  const auto records = matrix();
  const auto scenarios = group_cells(records);
  const auto error = [&](const AxisValues& axes) {
    return error_of([&] { check_baseline(scenarios, axes); });
  };
  EXPECT_THAT(error({{"paralelism", "fsdp"}}),
              HasSubstr("--baseline: the results have no axis 'paralelism'; did you mean "
                        "'parallelism'?"));
  EXPECT_EQ(error({{"parallelism", "fdsp"}}),
            "--baseline: no result has parallelism=fdsp; did you mean 'fsdp'?");
  EXPECT_EQ(error({{"ep_degree", "3"}}),
            "--baseline: no result has ep_degree=3; use one of: 1, 2, 4");
}

TEST(Improvement, ComparesOnlyCellsThatAreOkAndMeasured) {
  auto records = test::fms_records();
  const auto change = [&](const char* metric) {
    const auto scenarios = group_cells(records);
    const auto& cells = scenarios[0].cells;
    return relative_change(cells[1], &cells[0], metric);
  };
  EXPECT_NEAR(*change("mem_peak"), 45.5 / 54.8 - 1, 1e-12);
  EXPECT_EQ(change("rss_peak"), std::nullopt);
  records[0].disposition = record::Disposition::kIncorrect;
  EXPECT_EQ(change("mem_peak"), std::nullopt);
  std::swap(records[0].disposition, records[1].disposition);
  EXPECT_EQ(change("mem_peak"), std::nullopt);
}

// The same tokens in less time: tokens/s and runtime are one figure, however many repetitions.
TEST(Improvement, ColumnsOfARowAgree) {
  constexpr double kTokens = 1000;
  for (const std::vector<double>& runtimes :
       {std::vector{8.0, 12.0}, std::vector{9.0, 6.0, 10.0, 20.0}, std::vector{7.0, 30.0, 8.0}}) {
    std::vector<CellRecord> records;
    const auto add = [&](const CellRecord& arm, double runtime) {
      records.push_back(arm);
      records.back().repetition = static_cast<int>(records.size());
      test::set_figures(records.back(), {1e9, 1e9, runtime, kTokens / runtime});
    };
    for (const double runtime : {10.0, 14.0}) add(test::arm("a", "fsdp", "1", "loop"), runtime);
    for (const double runtime : runtimes) add(test::arm("b", "fsdp", "1", "grouped"), runtime);
    const auto scenarios = group_cells(records);
    const auto& cells = scenarios[0].cells;
    for (const Cell& cell : cells) {
      EXPECT_DOUBLE_EQ(*cell.value("runtime") / 1e9 * *cell.value("tokens_per_second"), kTokens);
    }
    EXPECT_DOUBLE_EQ(*ratio(cells[1], &cells[0], "tokens_per_second"),
                     1 / *ratio(cells[1], &cells[0], "runtime"));
  }
}

}  // namespace
}  // namespace moebench::reports
