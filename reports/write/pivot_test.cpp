#include "reports/write/pivot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/testing/error_of.h"
#include "harness/testing/golden_testing.h"
#include "reports/write/axis_values.h"
#include "reports/write/csv_testing.h"
#include "reports/write/format.h"
#include "reports/write/records_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

CellRecord timed_run(const std::string& parallelism, const std::string& kernel,
                     const std::string& batch, double runtime_s) {
  CellRecord record =
      test::record_of(parallelism + kernel + batch, {{"micro_batch", batch},
                                                     {"parallelism", parallelism},
                                                     {"ep_degree", parallelism == "ep" ? "8" : "1"},
                                                     {"expert_kernel", kernel}});
  test::set_figures(record, {30e9 / runtime_s, 10e9, runtime_s, 1000 / runtime_s});
  return record;
}

// Two kernels, three batches out of order, one repeated, one failed.
std::vector<CellRecord> runs() {
  std::vector<CellRecord> records;
  for (const std::string batch : {"16", "2", "4"}) {
    records.push_back(timed_run("fsdp", "loop", batch, 2 * std::stod(batch)));
    records.push_back(timed_run("ep", "loop", batch, std::stod(batch)));
  }
  for (const double factor : {0.98, 1.04}) {
    CellRecord again = timed_run("ep", "loop", "2", 2 * factor);
    again.repetition = factor < 1 ? 1 : 2;
    records.push_back(again);
  }
  records[4].disposition = record::Disposition::kOutOfMemory;
  records[4].message = "no room";
  return records;
}

std::string pivot(const PivotOptions& options, Format format = Format::kMarkdown) {
  return print(pivot_document(runs(), options), format);
}

TEST(Pivot, IsTheGoldenText) {
  expect_golden("pivot.md", pivot({.rows = {"micro_batch"},
                                   .columns = {"parallelism"},
                                   .values = {"runtime", "mem_peak"}}));
}

TEST(Pivot, GivesNumbersToPrograms) {
  const auto rows = test::parse_csv(pivot(
      {.rows = {"micro_batch"}, .columns = {"parallelism"}, .values = {"runtime"}}, Format::kCsv));
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_THAT(rows[0], ElementsAre("section", "micro_batch", "fsdp (ns)", "ep (ns)", "ep ±"));
  EXPECT_THAT(rows[1], ElementsAre("s / runtime by parallelism", "2", "4000000000", "2000000000",
                                   HasSubstr("0.04")));
  EXPECT_THAT(rows[2], ElementsAre(::testing::_, "4", "out_of_memory", "4000000000", ""));
  EXPECT_THAT(rows[3], ElementsAre(::testing::_, "16", "32000000000", "16000000000", ""));
  EXPECT_EQ(rows[4][1], "geometric mean");
  EXPECT_NEAR(std::stod(rows[4][2]), 1e9 * std::sqrt(4 * 32), 1);
  EXPECT_NEAR(std::stod(rows[4][3]), 1e9 * std::sqrt(2 * 16), 1);
}

TEST(Pivot, FindsRowsAndValuesItself) {
  const std::string text = pivot({.columns = {"parallelism"}});
  EXPECT_THAT(text, AllOf(HasSubstr("| micro_batch"), HasSubstr("### mem_peak by parallelism"),
                          HasSubstr("### tokens/s by parallelism")));
  EXPECT_THAT(pivot({.rows = {"parallelism", "micro_batch"}, .values = {"runtime"}}),
              AllOf(HasSubstr("### runtime\n"), HasSubstr("| ep ")));
}

TEST(Pivot, TakesMetricsThatNoTableHas) {
  auto records = runs();
  for (CellRecord& record : records) record.metrics["my_own"] = {.unit = "widgets", .value = 3};
  EXPECT_THAT(print(pivot_document(records, {.rows = {"micro_batch"},
                                             .columns = {"parallelism"},
                                             .values = {"my_own"}}),
                    Format::kMarkdown),
              HasSubstr("### my_own by parallelism"));
}

TEST(Pivot, RefusesWhatIsUnknownOrHasNoPlace) {
  const auto error = [](const PivotOptions& options) {
    return error_of([&] { pivot_document(runs(), options); });
  };
  EXPECT_THAT(error({.rows = {"paralelism"}}),
              HasSubstr("--rows: the results have no axis 'paralelism'; did you mean "
                        "'parallelism'? There are: micro_batch, parallelism, ep_degree"));
  EXPECT_THAT(error({.rows = {"micro_batch"}, .columns = {"parallelism"}, .values = {"runtme"}}),
              HasSubstr("--values: no result has a metric 'runtme'; did you mean 'runtime'? "
                        "There are: mem_alloc, mem_peak, runtime, tokens_per_second"));
  EXPECT_THAT(error({.rows = {"micro_batch"}, .columns = {"micro_batch"}}),
              HasSubstr("is among --rows and --columns"));
  EXPECT_THAT(error({.rows = {"parallelism"}, .values = {"runtime"}}),
              AllOf(HasSubstr("3 cells fall on one place of the table, parallelism fsdp"),
                    HasSubstr("they differ in micro_batch; add that to --rows or --columns"),
                    HasSubstr("--filter micro_batch=16")));
}

TEST(Filter, KeepsTheRecordsOfTheseAxes) {
  EXPECT_EQ(with_axes(runs(), {{"micro_batch", "2"}, {"parallelism", "ep"}}).size(), 3U);
  EXPECT_EQ(with_axes(runs(), {}).size(), runs().size());
  EXPECT_THAT(error_of([] {
                with_axes(runs(), {{"micro_batch", "3"}});
              }),
              HasSubstr("no result has micro_batch=3; they have micro_batch: 16, 2, 4"));
}

std::vector<CellRecord> of_folder(const std::string& label, double factor) {
  std::vector<CellRecord> records;
  for (const std::string batch : {"2", "4", "8"}) {
    if (batch == "8" && label == "new") continue;
    records.push_back(timed_run("ep", "loop", batch, factor * std::stod(batch)));
    records.back().axes.insert(records.back().axes.begin(), {kResultsAxis, label});
  }
  return records;
}

TEST(SeveralFolders, AreOneSectionWithMeansOverTheCommonCells) {
  auto records = of_folder("old", 1);
  for (const CellRecord& record : of_folder("new", 0.5)) records.push_back(record);
  const Document document = report_document(records);
  const std::string text = print(document, Format::kMarkdown);
  EXPECT_THAT(text, AllOf(HasSubstr("| results |"), HasSubstr("### Geometric means over the cells "
                                                              "in common")));
  const auto rows = test::parse_csv(print(document, Format::kCsv));
  EXPECT_THAT(
      print(pivot_document(
                records, {.rows = {"micro_batch"}, .columns = {"results"}, .values = {"runtime"}}),
            Format::kMarkdown),
      HasSubstr("over the 2 of 3 rows"));
  // 2 and 4 are in both: means of 2.83 and 1.41 s.
  EXPECT_THAT(text, HasSubstr("0.500x"));
  EXPECT_THAT(print(report_document(of_folder("old", 1)), Format::kMarkdown),
              Not(HasSubstr("in common")));
}

}  // namespace
}  // namespace moebench::reports
