#include "reports/write/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/testing/golden_testing.h"
#include "reports/write/csv_testing.h"
#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Markdown, ComparesTheCellsOfAScenario) {
  expect_golden("quickstart.md", write_report(test::quickstart(), {}));
}

TEST(Markdown, ComputesTheSeedsImprovementsFromItsColumns) {
  const std::string text = write_report(test::fms_records(), {});
  expect_golden("fms_comparison.md", text);
  // Of one run each, which proves nothing of a time.
  for (const char* improvement : {" -17.0 % ", " -23.9 % ", " 4.0x ? ", " 4.1x ? "}) {
    EXPECT_THAT(text, HasSubstr(improvement));
  }
}

TEST(Markdown, StatesNoImprovementAgainstAFailedBaseline) {
  auto records = test::fms_records();
  records[0].disposition = record::Disposition::kIncorrect;
  records[0].message = "loss differs from the reference";
  const std::string text = write_report(records, {});
  expect_golden("failed_reference.md", text);
  EXPECT_THAT(text, Not(HasSubstr("4.04x")));
}

TEST(Markdown, SaysWhyAFailureIsKnown) {
  auto records = test::fms_records();
  records[1].disposition = record::Disposition::kOutOfMemory;
  records[1].message = "rank 0: no memory";
  records[1].known_failure = record::KnownFailure{"too large for this machine", "2030-12-31"};
  EXPECT_THAT(
      write_report(records, {}),
      HasSubstr(": rank 0: no memory (known until 2030-12-31: too large for this machine)"));
}

TEST(Markdown, ShowsTheShareOfTheGemmRateWhereMeasured) {
  auto records = test::fms_records();
  EXPECT_THAT(write_report(records, {}), Not(HasSubstr("share of GEMM rate")));
  records[0].metrics["gemm_share"] = {.unit = "1", .value = 0.257};
  EXPECT_THAT(write_report(records, {}), HasSubstr(" 25.7 % "));
  EXPECT_THAT(write_report(records, {}), HasSubstr("- share of GEMM rate: model FLOPs"));
}

TEST(Markdown, ShowsTheShareWithRecomputeWhereSomethingIsRecomputed) {
  auto records = test::fms_records();
  const auto set = [&](std::size_t i, double flops, double share) {
    records[i].metrics["model_flops"] = {.unit = "FLOP", .value = 3e12};
    records[i].metrics["hardware_flops"] = {.unit = "FLOP", .value = flops};
    records[i].metrics["gemm_share"] = {.unit = "1", .value = 0.3};
    records[i].metrics["hardware_gemm_share"] = {.unit = "1", .value = share};
  };
  set(0, 3e12, 0.3);
  EXPECT_THAT(write_report(records, {}), Not(HasSubstr("with recompute")));
  set(1, 4e12, 0.4);
  const std::string text = write_report(records, {});
  EXPECT_THAT(text, HasSubstr("| share of GEMM rate | with recompute |"));
  EXPECT_THAT(text, HasSubstr(" 40.0 % "));
  EXPECT_THAT(text, HasSubstr("with recompute (HFU)"));
}

TEST(Markdown, ShowsTheMemoryOfADeviceWhereMeasured) {
  std::vector<CellRecord> records = test::quickstart();
  EXPECT_THAT(write_report(records, {}), Not(HasSubstr("### Device memory")));
  for (CellRecord& record : records) {
    record.metrics["mem_reserved_steady_step"] = {.unit = "bytes", .value = 3.5e9};
    record.metrics["mem_device_steady_step"] = {.unit = "bytes", .value = 4.75e9};
    record.metrics["mem_outside_allocator_steady_step"] = {.unit = "bytes", .value = 1.25e9};
  }
  EXPECT_THAT(write_report(records, {}),
              AllOf(HasSubstr("| reserved steady step (GB) | device steady step (GB) | outside "
                              "allocator (GB) |"),
                    HasSubstr(" 3.50 | "), HasSubstr(" 4.75 | "), HasSubstr(" 1.25 |"),
                    HasSubstr("it is the host's time")));
}

TEST(Markdown, RowsOfSeveralProgramsAreMarked) {
  auto records = test::fms_records();
  for (CellRecord& record : records) record.environment["worker_hash"] = "aaa";
  EXPECT_THAT(write_report(records, {}), Not(HasSubstr("program")));
  records[1].environment["worker_hash"] = "bbb";
  records.push_back(records[1]);
  records.back().repetition = 1;
  records.back().environment["worker_hash"] = "ccc";
  const std::string text = write_report(records, {});
  EXPECT_THAT(text,
              AllOf(HasSubstr("| program"), HasSubstr("| worker bbb + worker ccc |"),
                    HasSubstr("- warning: the rows are of 3 programs (column program): "
                              "worker aaa, worker bbb, worker ccc; averaged over several: ")));
}

TEST(Markdown, RepetitionsOnOtherHostsAreMarked) {
  auto records = test::fms_records();
  records[1].environment["hosts"] = "n1, n2";
  records.push_back(records[1]);
  records.back().repetition = 1;
  records.back().environment["hosts"] = "n2, n1";
  EXPECT_THAT(write_report(records, {}), Not(HasSubstr("first one's hosts")));
  records.back().environment["hosts"] = "n1, n3";
  EXPECT_THAT(
      write_report(records, {}),
      HasSubstr("repetition 1 is not of the first one's hosts: it ran on 'n1', 'n3', not on "
                "'n1', 'n2'"));
}

TEST(Markdown, SaysWhereAScenarioHasNoBaseline) {
  auto records = test::fms_records();
  records.erase(records.begin());
  const std::string text = write_report(records, {});
  EXPECT_THAT(text, HasSubstr("There is one cell, so nothing to compare it with"));
  EXPECT_THAT(text, Not(HasSubstr("gain |")));
  EXPECT_THAT(text, HasSubstr("model Mixtral-8x7B · parallelism ep · ep_degree 8"));
}

TEST(Markdown, TakesAnotherBaseline) {
  const std::string text = write_report(
      test::fms_records(), {.reference = {{"parallelism", "ep"}, {"expert_kernel", "grouped"}}});
  EXPECT_THAT(text, HasSubstr(" +20.4 % "));
  EXPECT_THAT(text, HasSubstr(" 0.25x ? "));
}

TEST(MachineReport, SaysWhatDisturbsAndWhatTheMachineGives) {
  auto report = test::machine();
  report.warnings = {"oversubscribed: 2 ranks x 2 threads on 2 cores"};
  expect_golden("machine.md", write_machine_report(report, Format::kMarkdown));
}

TEST(MachineReport, AQuietMachineIsSaidToBeOne) {
  const std::string text = write_machine_report(test::machine(), Format::kMarkdown);
  EXPECT_THAT(text, HasSubstr("Nothing that would disturb a measurement was found."));
  EXPECT_EQ(write_machine_report(test::machine(), Format::kJson), record::to_json(test::machine()));
}

std::string fms_table(const std::vector<CellRecord>& records) {
  return print(fms_table_document(records), Format::kMarkdown);
}

TEST(FmsTable, HasTheColumnsOfFmsAndComputedImprovements) {
  const std::string text = fms_table(test::fms_records());
  expect_golden("fms_table.md", text);
  EXPECT_THAT(text, HasSubstr(" -17.0 % "));
  EXPECT_THAT(text, HasSubstr(" 4.04x "));
}

TEST(FmsTable, ShowsFailedCellsAndSmallModels) {
  expect_golden("fms_table_quickstart.md", fms_table(test::quickstart()));
}

TEST(Csv, IsLongForm) {
  expect_golden("awkward.csv", write_report(test::awkward_records(), {.format = Format::kCsv}));
}

TEST(Csv, ReadsBackThroughTheLibrary) {
  using Row = std::vector<std::string>;
  const auto rows =
      test::parse_csv(write_report(test::awkward_records(), {.format = Format::kCsv}));
  ASSERT_EQ(rows.size(), 7u);
  EXPECT_EQ(rows[0],
            (Row{"scenario", "id", "parallelism", "ep_degree", "expert_kernel", "ranks", "routing",
                 "repetition", "disposition", "metric", "unit", "value", "rank"}));
  EXPECT_EQ(rows[1], (Row{"a, \"quoted\"\nscenario", "a", "fsdp", "1", "loop", "2", "", "0", "ok",
                          "loss", "1", "0.30000000000000004", ""}));
  EXPECT_EQ(rows[3][11], "54800000000");
  EXPECT_EQ(rows[3][12], "0");
  EXPECT_EQ(rows[4][11], "");  // rank 1 did not measure it
  EXPECT_EQ(rows[6],
            (Row{"s", "b", "", "", "", "2", "skewed(1,2)", "1", "crashed", "", "", "", ""}));
}

TEST(CsvWide, HasARowARepetitionAndAColumnAMetric) {
  auto records = test::awkward_records();
  records[1].environment = {{"imported", "fms"}, {"fms.flash", "=1"}, {"other", "x"}};
  const auto rows = test::parse_csv(write_report(records, {.format = Format::kCsvWide}));
  using Row = std::vector<std::string>;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0],
            (Row{"scenario", "id", "parallelism", "ep_degree", "expert_kernel", "ranks", "routing",
                 "repetition", "disposition", "message", "mem_peak (bytes)", "loss", "fms.flash"}));
  EXPECT_EQ(rows[1], (Row{"a, \"quoted\"\nscenario", "a", "fsdp", "1", "loop", "2", "", "0", "ok",
                          "", "54800000000", "0.30000000000000004", ""}));
  EXPECT_EQ(rows[2],
            (Row{"s", "b", "", "", "", "2", "skewed(1,2)", "1", "crashed", "", "", "", "'=1"}));
}

TEST(Json, IsTheDocumentOfTheRecords) {
  const std::string text = write_report(test::quickstart(), {.format = Format::kJson});
  EXPECT_EQ(text, record::to_json_document(test::quickstart()));
  expect_golden("awkward.json", write_report(test::awkward_records(), {.format = Format::kJson}));
}

TEST(Report, TellsTheArmsOfPairsApart) {
  auto base = test::arm("a", "fsdp", "1", "loop"), candidate = base;
  test::set_figures(base, {2e9, 1e9, 10, 100});
  test::set_figures(candidate, {2e9, 1e9, 20, 50});
  base.pair = record::PairPlace{.cell = "a", .arm = record::Arm::kBase};
  candidate.pair = record::PairPlace{.cell = "a", .arm = record::Arm::kCandidate};
  candidate.repetition = 1;
  const std::string text = write_report({base, candidate}, {});
  EXPECT_THAT(text, HasSubstr("| base      |"));
  EXPECT_THAT(text, HasSubstr("| candidate |"));
  EXPECT_THAT(write_report({base, candidate}, {.format = Format::kCsv}), HasSubstr("\"arm\""));
}

TEST(Report, SaysWhatTokensCost) {
  auto records = test::fms_records();
  EXPECT_THAT(write_report(records, {}), Not(HasSubstr("<summary>Cost</summary>")));
  for (CellRecord& record : records) record.environment["device"] = "cuda";
  EXPECT_THAT(write_report(records, {}),
              AllOf(HasSubstr("<summary>Cost</summary>"), HasSubstr("| GPU-h / Gtoken |"),
                    HasSubstr(" 3347 |")));
  EXPECT_THAT(write_report(records, {.comparison = {.price_per_gpu_hour = 2}}),
              AllOf(HasSubstr("| cost / Gtoken |"), HasSubstr(" 6693 |")));
}

TEST(Report, ResultsOfTheFirstFormatAreReported) {
  const auto records = record::load(MOEBENCH_FIRST_FORMAT_FOLDER);
  for (const FormatRow& format : formats()) {
    if (format.value == Format::kSvg) continue;  // a report's text has no picture
    EXPECT_THAT(write_report(records, {.format = format.value}), HasSubstr(records[0].scenario))
        << format.name;
  }
}

TEST(Report, OfNoRecordsIsAnError) {
  for (const FormatRow& format : formats()) {
    EXPECT_THROW(write_report({}, {.format = format.value}), Error) << format.name;
  }
  EXPECT_THROW(fms_table_document({}), Error);
}

}  // namespace
}  // namespace moebench::reports
