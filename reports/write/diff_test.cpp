#include "reports/write/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "harness/testing/error_of.h"
#include "harness/testing/golden_testing.h"
#include "reports/write/format.h"
#include "reports/write/profiles_testing.h"
#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::AllOf;
using ::testing::HasSubstr;

const DiffOptions kKernels = {.from = {{"expert_kernel", "loop"}},
                              .to = {{"expert_kernel", "grouped"}}};

// The second is faster in experts and slower in gather, and has an operation of its own.
std::vector<CellRecord> profiles() {
  CellRecord grouped = test::profiled("grouped");
  test::set_mean(grouped, "profile_phases_step_time", "ns", 8e6);
  test::set_mean(grouped, "profile_phase.experts", "ns", 3e6);
  test::set_mean(grouped, "profile_phase.gather", "ns", 4e6);
  test::set_mean(grouped, "profile_ops_step_time", "ns", 9e6);
  test::set_operation(grouped, "experts.aten::mm", 2, 1e6, 1e6);
  test::set_operation(grouped, "experts.moebench::grouped_mm", 1, 2e6, 2e6);
  test::set_mean(grouped, "mem_peak", "bytes", 7e6);
  return {test::profiled("loop"), grouped};
}

// Row by key columns' text of the table under a heading.
std::map<std::string, std::vector<double>> rows_of(const Document& document,
                                                   const std::string& heading) {
  std::map<std::string, std::vector<double>> rows;
  bool is_there = false;
  for (const Block& block : document) {
    if (const auto* found = std::get_if<Heading>(&block)) is_there = found->text == heading;
    const auto* table = std::get_if<Table>(&block);
    if (table == nullptr || !is_there) continue;
    for (std::size_t row = 0; row < num_rows(*table); ++row) {
      std::string key;
      std::vector<double> numbers;
      for (const Column& column : *table) {
        const Entry& entry = column.entries[row];
        if (column.is_key) key += entry.text + " ";
        if (const auto* number = std::get_if<double>(&entry.value)) numbers.push_back(*number);
      }
      rows[key.substr(0, key.find_last_not_of(' ') + 1)] = numbers;
    }
  }
  return rows;
}

TEST(Diff, IsTheGoldenText) {
  DiffOptions options = kKernels;
  options.top = 3;
  expect_golden("diff.md", print(diff_document(profiles(), options), Format::kMarkdown));
}

TEST(Diff, DifferencesAddUpToThatOfTheStep) {
  for (const std::size_t top : {1, 2, 15}) {
    DiffOptions options = kKernels;
    options.top = top;
    const Document document = diff_document(profiles(), options);
    for (const std::string heading : {"Phases", "Operations"}) {
      const auto rows = rows_of(document, heading);
      ASSERT_TRUE(rows.contains("step")) << heading;
      double sum = 0;
      for (const auto& [key, numbers] : rows) sum += key == "step" ? 0 : numbers[2];
      EXPECT_NEAR(sum, rows.at("step")[2], 1) << heading;
      EXPECT_NEAR(rows.at("step")[2], heading == "Phases" ? -2.1e6 : -2e6, 1);
    }
  }
}

TEST(Diff, ShowsCallsCollectivesAndMemory) {
  const Document document = diff_document(profiles(), kKernels);
  EXPECT_THAT(
      rows_of(document, "Operations").at("moebench::grouped_mm experts"),
      ::testing::ElementsAre(0, ::testing::DoubleEq(2.1e6), ::testing::DoubleEq(2.1e6), 0, 1));
  EXPECT_THAT(rows_of(document, "Collectives").at("all_gather 32MiB"),
              ::testing::ElementsAre(2.05e6, 2.05e6, 0, 8, 8));
  EXPECT_THAT(rows_of(document, "Memory").at("mem_peak"),
              ::testing::ElementsAre(8.5e6, 7e6, -1.5e6));
  EXPECT_TRUE(rows_of(document, "Memory at the peak").contains("gathered"));
  const Document traced =
      diff_document({test::traced("loop", 5e6), test::traced("grouped", 3e6)}, kKernels);
  EXPECT_NEAR(rows_of(traced, "GPU kernels").at("cutlass::Kernel2<gemm_bf16, (int)3> experts")[2],
              -2e6, 1);
}

TEST(Diff, OfPlainRecordsHasTheirPhases) {
  const auto records = test::quickstart();
  const Document document =
      diff_document(records, {.from = {{"parallelism", "fsdp"}}, .to = {{"parallelism", "ep"}}});
  EXPECT_THAT(print(document, Format::kMarkdown),
              AllOf(HasSubstr("### parallelism fsdp → ep · ep_degree 1 → 2 · expert_kernel loop → "
                              "grouped"),
                    HasSubstr("#### Phases"), HasSubstr("| step "), HasSubstr("-66.7 %")));
}

TEST(Diff, NamesTheCellsThatThereAre) {
  EXPECT_THAT(
      error_of([] {
        diff_document(profiles(),
                      {.from = {{"expert_kernel", "loop"}}, .to = {{"expert_kernel", "fused"}}});
      }),
      AllOf(HasSubstr("no ok cell with expert_kernel=loop has one with expert_kernel=fused"),
            HasSubstr("they have expert_kernel: loop, grouped")));
  EXPECT_THAT(error_of([] {
                diff_document(profiles(), {.from = {{"kernel", "loop"}}});
              }),
              HasSubstr("--from: the results have no axis 'kernel'"));
}

TEST(Diff, PairsTheCellsThatAreEqualElse) {
  std::vector<CellRecord> records;
  for (const std::string batch : {"1", "2"}) {
    for (const std::string kernel : {"loop", "grouped"}) {
      records.push_back(
          test::record_of(batch + kernel, {{"micro_batch", batch}, {"expert_kernel", kernel}}));
      test::set_figures(records.back(), {1e9, 1e9, 2, 10});
    }
  }
  records.push_back(test::record_of("3loop", {{"micro_batch", "3"}, {"expert_kernel", "loop"}}));
  const std::string text = print(diff_document(records, kKernels), Format::kMarkdown);
  EXPECT_THAT(text, AllOf(HasSubstr("micro_batch 1"), HasSubstr("micro_batch 2"),
                          HasSubstr("without a partner: 1 cells")));
}

}  // namespace
}  // namespace moebench::reports
