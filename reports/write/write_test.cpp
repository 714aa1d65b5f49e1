#include "reports/write/write.h"

#include <csv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "reports/write/test_records.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::HasSubstr;
using ::testing::Not;

// MOEBENCH_UPDATE_GOLDEN=1 rewrites the files instead of comparing; look at the difference then.
void expect_golden(const std::string& file, const std::string& text) {
  const auto path = std::filesystem::path(MOEBENCH_GOLDEN_FOLDER) / file;
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN")) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

CellRecord quickstart_arm(const std::string& id, const std::string& parallelism,
                          const std::string& kernel, const test::Figures& figures) {
  CellRecord r;
  r.id = id;
  r.scenario = "quickstart";
  r.axes = {{"model", "mixtral-tiny"},
            {"parallelism", parallelism},
            {"ep_degree", parallelism == "ep" ? "2" : "1"},
            {"expert_kernel", kernel},
            {"ranks", "2"},
            {"dtype", "bf16"}};
  test::set_figures(r, figures);
  r.metrics["first_step_time"] = {.unit = "ns", .value = 1.5e9};
  r.metrics["load_time"] = {.unit = "ns", .value = 23e6};
  r.metrics["mem_alloc_load"] = {.unit = "bytes", .value = figures.mem_alloc_bytes};
  r.metrics["mem_peak_load"] = {.unit = "bytes", .value = 1.01 * figures.mem_alloc_bytes};
  r.metrics["mem_peak_first_step"] = {.unit = "bytes", .value = figures.mem_peak_bytes};
  r.metrics["mem_estimate"] = {.unit = "bytes", .value = 300e6};
  r.metrics["mem_estimate_alloc"] = {.unit = "bytes", .value = 250e6};
  r.metrics["rss_outside_end"] = {.unit = "bytes", .value = 45e6};
  r.metrics["step_time"] = {.unit = "ns", .value = 400e6, .per_rank = {410e6, 390e6}};
  r.metrics["phase_time_attention"] = {.unit = "ns", .value = 100e6, .per_rank = {90e6, 110e6}};
  r.metrics["phase_time_attention_backward"] = {.unit = "ns", .value = 125e6};
  r.metrics["phase_time_experts_backward"] = {.unit = "ns", .value = 100e6};
  r.metrics["phase_time_gather"] = {.unit = "ns", .value = 75e6};
  r.metrics["real_tokens"] = {.unit = "tokens", .value = 40960};
  r.metrics["padding_tokens"] = {.unit = "tokens", .value = 0};
  r.metrics["loss_tokens"] = {.unit = "tokens", .value = 40800};
  r.metrics["global_tokens_per_second"] = {.unit = "tokens/s",
                                           .value = 2 * figures.tokens_per_second};
  r.metrics["rss_peak"] = {.unit = "bytes", .value = 812e6};
  r.metrics["loss"] = {.unit = "1", .value = 5.4321, .samples = {8.1, 5.4321}};
  r.metrics["expert_imbalance"] = {.unit = "1", .value = 1.5, .samples = {1.5, 1}};
  r.metrics["rank_imbalance"] = {.unit = "1", .value = 1.25, .samples = {1.25, 1}};
  r.environment = {{"cpu_model", "Some CPU"},        {"cores_allowed", "2"},
                   {"git_sha", "0123abcd"},          {"git_dirty", "false"},
                   {"build_type", "RelWithDebInfo"}, {"launcher", "mpirun"}};
  r.warnings = {"the machine was busy: load average 1.50 on 2 cores"};
  r.started_at = "2024-01-02T03:04:05Z";
  return r;
}

// Three repetitions of the baseline, one ok arm, one that failed.
std::vector<CellRecord> quickstart() {
  std::vector<CellRecord> records;
  for (const double runtime_s : {12.3, 12.0, 12.9}) {
    records.push_back(quickstart_arm("aaaaaaaaaaaa", "fsdp", "loop",
                                     {310.2e6, 250.1e6, runtime_s, 40960 / runtime_s}));
    records.back().repetition = static_cast<int>(records.size()) - 1;
  }
  records.push_back(
      quickstart_arm("bbbbbbbbbbbb", "ep", "grouped", {255.5e6, 190e6, 4.1, 40960 / 4.1}));
  records.push_back(quickstart_arm("cccccccccccc", "ep", "loop", {1, 1, 1, 1}));
  CellRecord& failed = records.back();
  failed.disposition = Disposition::kOutOfMemory;
  failed.message = "rank 1 was killed | the machine ran out of memory while it gathered layer 3\nx";
  failed.metrics.clear();
  return records;
}

TEST(Markdown, ComparesTheCellsOfAScenario) {
  expect_golden("quickstart.md", write_report(quickstart(), {}));
}

TEST(Markdown, ComputesTheSeedsImprovementsFromItsColumns) {
  const std::string text = write_report(test::seed_records(), {});
  expect_golden("seed_comparison.md", text);
  for (const char* improvement : {" -17.0 % ", " -23.9 % ", " 4.04x ", " 4.06x "}) {
    EXPECT_THAT(text, HasSubstr(improvement));
  }
}

TEST(Markdown, StatesNoImprovementAgainstAFailedBaseline) {
  auto records = test::seed_records();
  records[0].disposition = Disposition::kIncorrect;
  records[0].message = "loss differs from the reference";
  const std::string text = write_report(records, {});
  expect_golden("failed_baseline.md", text);
  EXPECT_THAT(text, Not(HasSubstr("4.04x")));
}

TEST(Markdown, SaysWhyAFailureIsKnown) {
  auto records = test::seed_records();
  records[1].disposition = Disposition::kOutOfMemory;
  records[1].message = "rank 0: no memory";
  records[1].known_failure = record::KnownFailure{"too large for this machine", "2030-12-31"};
  EXPECT_THAT(
      write_report(records, {}),
      HasSubstr(": rank 0: no memory (known until 2030-12-31: too large for this machine)"));
}

TEST(Markdown, ShowsTheShareOfTheGemmRateWhereMeasured) {
  auto records = test::seed_records();
  EXPECT_THAT(write_report(records, {}), Not(HasSubstr("share of GEMM rate")));
  records[0].metrics["gemm_share"] = {.unit = "1", .value = 0.257};
  EXPECT_THAT(write_report(records, {}), HasSubstr(" 25.7 % "));
  EXPECT_THAT(write_report(records, {}), HasSubstr("- share of GEMM rate (MFU): model FLOPs"));
}

TEST(Markdown, ShowsTheShareWithRecomputeWhereSomethingIsRecomputed) {
  auto records = test::seed_records();
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
  std::vector<CellRecord> records = quickstart();
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

TEST(Markdown, SaysWhereAScenarioHasNoBaseline) {
  auto records = test::seed_records();
  records.erase(records.begin());
  const std::string text = write_report(records, {});
  EXPECT_THAT(text, HasSubstr("- no cell has parallelism=fsdp, expert_kernel=loop: no"));
  EXPECT_THAT(text, Not(HasSubstr("gain")));
  EXPECT_THAT(text, HasSubstr("model Mixtral-8x7B · parallelism ep · ep_degree 8"));
}

TEST(Markdown, TakesAnotherBaseline) {
  const std::string text = write_report(
      test::seed_records(), {.baseline = {{"parallelism", "ep"}, {"expert_kernel", "grouped"}}});
  EXPECT_THAT(text, HasSubstr(" +20.4 % "));
  EXPECT_THAT(text, HasSubstr(" 0.248x "));
}

record::MachineReport machine() {
  record::MachineReport report;
  report.environment = {{"cores_allowed", "2"}, {"cpu_model", "Some CPU"}};
  report.metrics["timer_resolution"] = {.unit = "ns", .value = 20};
  report.metrics["timer_read_time"] = {.unit = "ns", .value = 25.5};
  report.metrics["gemm_fp32_alone"] = {.unit = "FLOP/s", .value = 120e9};
  report.metrics["gemm_fp32_together"] = {.unit = "FLOP/s", .value = 90e9};
  report.metrics["memory_copy_size"] = {.unit = "bytes", .value = 128 << 20};
  report.metrics["memory_copy_alone"] = {.unit = "bytes/s", .value = 12e9};
  report.metrics["memory_copy_together"] = {.unit = "bytes/s", .value = 9e9};
  report.metrics["message_size"] = {.unit = "bytes", .samples = {8192, 64 << 20}};
  report.metrics["all_gather_time"] = {.unit = "ns", .samples = {8192, 16e6}};
  report.metrics["all_gather_algorithm_bandwidth"] = {.unit = "bytes/s", .samples = {1e9, 4e9}};
  report.metrics["all_gather_bus_bandwidth"] = {.unit = "bytes/s", .samples = {0.5e9, 2e9}};
  return report;
}

TEST(MachineReport, SaysWhatDisturbsAndWhatTheMachineGives) {
  auto report = machine();
  report.warnings = {"oversubscribed: 2 ranks x 2 threads on 2 cores"};
  expect_golden("machine.md", write_machine_report(report, Format::kMarkdown));
}

TEST(MachineReport, AQuietMachineIsSaidToBeOne) {
  const std::string text = write_machine_report(machine(), Format::kMarkdown);
  EXPECT_THAT(text, HasSubstr("Nothing that would disturb a measurement was found."));
  EXPECT_EQ(write_machine_report(machine(), Format::kJson), record::to_json(machine()));
}

TEST(SeedTable, HasTheSeedsColumnsAndComputedImprovements) {
  const std::string text = write_seed_table(test::seed_records(), {});
  expect_golden("seed_table.md", text);
  EXPECT_THAT(text, HasSubstr(" -17.0 % "));
  EXPECT_THAT(text, HasSubstr(" 4.04x "));
}

TEST(SeedTable, ShowsFailedCellsAndSmallModels) {
  expect_golden("seed_table_quickstart.md", write_seed_table(quickstart(), {}));
}

// The fields of a CSV text as libcsv reads them.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  struct Rows {
    std::vector<std::vector<std::string>> done;
    std::vector<std::string> open;
  } rows;
  const auto on_field = [](void* field, std::size_t size, void* data) {
    static_cast<Rows*>(data)->open.emplace_back(static_cast<const char*>(field), size);
  };
  const auto on_row = [](int, void* data) {
    auto* r = static_cast<Rows*>(data);
    r->done.push_back(std::exchange(r->open, {}));
  };
  csv_parser parser;
  EXPECT_EQ(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI), 0);
  EXPECT_EQ(csv_parse(&parser, text.data(), text.size(), on_field, on_row, &rows), text.size());
  EXPECT_EQ(csv_fini(&parser, on_field, on_row, &rows), 0);
  csv_free(&parser);
  return rows.done;
}

std::vector<CellRecord> awkward_records() {
  auto ok = test::arm("a", "fsdp", "1", "loop");
  ok.scenario = "a, \"quoted\"\nscenario";
  ok.metrics["loss"] = {.unit = "1", .value = 0.1 + 0.2, .samples = {1, 2}};
  ok.metrics["mem_peak"] = {.unit = "bytes", .value = 54.8e9, .per_rank = {54.8e9, std::nullopt}};
  ok.metrics["rss_peak"] = {.unit = "bytes"};
  auto failed = test::record_of("b", {{"routing", "skewed(1,2)"}});
  failed.disposition = Disposition::kCrashed;
  failed.repetition = 1;
  return {ok, failed};
}

TEST(Csv, IsLongForm) {
  expect_golden("awkward.csv", write_report(awkward_records(), {.format = Format::kCsv}));
}

TEST(Csv, ReadsBackThroughTheLibrary) {
  using Row = std::vector<std::string>;
  const auto rows = parse_csv(write_report(awkward_records(), {.format = Format::kCsv}));
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

TEST(Json, IsTheDocumentOfTheRecords) {
  const std::string text = write_report(quickstart(), {.format = Format::kJson});
  EXPECT_EQ(text, record::to_json_document(quickstart()));
  expect_golden("awkward.json", write_report(awkward_records(), {.format = Format::kJson}));
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

TEST(Report, OfNoRecordsIsAnError) {
  for (const Format format : {Format::kMarkdown, Format::kCsv, Format::kJson}) {
    EXPECT_THROW(write_report({}, {.format = format}), Error);
  }
  EXPECT_THROW(write_seed_table({}, {}), Error);
}

}  // namespace
}  // namespace moebench::reports
