#include "reports/gate/baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace moebench::gate {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;

CellRecord baseline_run(const std::string& id, const std::string& kernel, double mem_peak = 3e6) {
  CellRecord run;
  run.id = id;
  run.scenario = "s";
  run.axes = {{"kernel", kernel}};
  run.environment = {{"cpu_model", "cpu"}, {"load_average_at_start", "0.5"}};
  run.metrics["mem_peak"] = {.unit = "bytes", .value = mem_peak};
  run.metrics["step_time"] = {.unit = "ns", .value = 1e6};
  return run;
}

Report compare(const std::vector<CellRecord>& baseline, const std::vector<CellRecord>& records) {
  return compare_with_baseline("main", baseline, records, "2024-06-01");
}

template <typename Failure>
std::string compare_error(const std::vector<CellRecord>& baseline,
                          const std::vector<CellRecord>& records) {
  try {
    compare(baseline, records);
  } catch (const Failure& error) {
    return error.what();
  }
  return "no such error";
}

TEST(Baseline, ExactMetricsAreJudgedByOneRun) {
  EXPECT_EQ(compare({baseline_run("a", "loop")}, {baseline_run("a", "loop")}).worst(),
            Verdict::kPass);
  EXPECT_EQ(compare({baseline_run("a", "loop")}, {baseline_run("a", "loop", 3.6e6)}).worst(),
            Verdict::kRegressed);
}

TEST(Baseline, TimesAreNotJudged) {
  CellRecord slow = baseline_run("a", "loop");
  slow.metrics["step_time"].value = 9e6;
  EXPECT_EQ(compare({baseline_run("a", "loop")}, {slow}).worst(), Verdict::kPass);
}

TEST(Baseline, OtherHostsAreMarked) {
  CellRecord here = baseline_run("a", "loop"), there = here;
  here.environment["hosts"] = "n1";
  there.environment["hosts"] = "n2";
  EXPECT_EQ(compare({here}, {here}).notes.size(), 1);
  const Report report = compare({here}, {here, there});
  EXPECT_EQ(report.worst(), Verdict::kPass);
  EXPECT_THAT(
      report.notes.back(),
      HasSubstr("other hosts than the baseline's in 1 cells (cell a: it ran on 'n2', not on "
                "'n1')"));
}

TEST(Baseline, MissingNewAndChangedCellsAreListed) {
  const Report report = compare(
      {baseline_run("a", "loop"), baseline_run("b", "grouped"), baseline_run("c", "third")},
      {baseline_run("a", "loop"), baseline_run("d", "grouped"), baseline_run("e", "fourth")});
  EXPECT_EQ(report.cells[1].verdict, Verdict::kMissing);
  EXPECT_THAT(report.cells[1].message, HasSubstr("it is cell d now"));
  EXPECT_EQ(report.cells[2].message, "not among these results");
  EXPECT_EQ(report.cells[4].verdict, Verdict::kNew);
  EXPECT_EQ(report.worst(), Verdict::kMissing);
}

TEST(Baseline, AFailedCellFails) {
  CellRecord failed = baseline_run("a", "loop");
  failed.disposition = record::Disposition::kCrashed;
  EXPECT_EQ(compare({baseline_run("a", "loop")}, {failed}).worst(), Verdict::kFailed);
  EXPECT_EQ(compare({failed}, {baseline_run("a", "loop")}).worst(), Verdict::kMissing);
  failed.known_failure = record::KnownFailure{"bug", ""};
  EXPECT_EQ(compare({baseline_run("a", "loop")}, {failed}).worst(), Verdict::kKnownFailure);
}

TEST(Baseline, ARunThatLeftNoFactsFailsAndIsNoOtherMachine) {
  CellRecord base = baseline_run("a", "loop");
  base.environment["compiler"] = "GNU";
  CellRecord killed = baseline_run("a", "loop");
  killed.disposition = record::Disposition::kOutOfMemory;
  EXPECT_EQ(compare({base}, {killed}).worst(), Verdict::kFailed);
}

TEST(Baseline, AnotherMachineOrScenarioIsNotComparable) {
  CellRecord elsewhere = baseline_run("a", "loop");
  elsewhere.environment["cpu_model"] = "other";
  EXPECT_THAT(compare_error<NotComparable>({baseline_run("a", "loop")}, {elsewhere}),
              HasSubstr("cpu_model is 'other', not 'cpu'"));
  EXPECT_THAT(compare_error<NotComparable>({baseline_run("a", "loop")}, {baseline_run("b", "x")}),
              HasSubstr("no cell in common"));
  EXPECT_THAT(
      compare_error<Error>({baseline_run("a", "loop")}, {baseline_run("a", "loop"), elsewhere}),
      HasSubstr("under other conditions"));
  EXPECT_THAT(compare_error<Error>({baseline_run("a", "loop")}, {}),
              HasSubstr("there are no runs"));
}

TEST(Baseline, OfASessionTheCandidatesRunsCount) {
  CellRecord base = baseline_run("a", "loop"), candidate = baseline_run("a", "loop");
  base.pair = record::PairPlace{"a", 0, record::Arm::kBase, 0};
  candidate.pair = record::PairPlace{"a", 0, record::Arm::kCandidate, 1};
  const auto runs = baseline_runs({base, candidate, baseline_run("b", "x")});
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].pair->arm, record::Arm::kCandidate);
}

TEST(Baseline, OfSeveralBuildsTheLatestCounts) {
  CellRecord before = baseline_run("a", "loop"), now = baseline_run("a", "loop");
  before.environment["worker_hash"] = "before";
  now.environment["worker_hash"] = "now";
  now.started_at = "2024-01-02T00:00:00Z";
  const auto runs = baseline_runs({now, before});
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].environment.at("worker_hash"), "now");
}

TEST(Baseline, OfTheFirstFormatIsComparedWith) {
  const auto baseline = record::load(MOEBENCH_FIRST_FORMAT_FOLDER);
  const Report report = compare(baseline, baseline);
  EXPECT_EQ(report.cells.size(), 3U);
  EXPECT_EQ(report.worst(), Verdict::kPass);
}

}  // namespace
}  // namespace moebench::gate
