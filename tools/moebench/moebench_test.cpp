// Runs the moebench program as a user does; a fake worker stands for the training.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "harness/record/record.h"
#include "harness/testing/shell_script.h"
#include "tools/moebench/moebench_run_testing.h"

namespace moebench {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(MoebenchTest, SaysAsMuchAsIsAskedFor) {
  const Output usual = moebench({"run", "file.yaml"});
  EXPECT_THAT(usual.err, AllOf(HasSubstr("2 repetitions to run"), HasSubstr("[1/2] "),
                               Not(HasSubstr("command: "))));
  const Output verbose = moebench({"run", "file.yaml", "--fresh", "-v"});
  EXPECT_THAT(verbose.err, AllOf(HasSubstr("  folder: "), HasSubstr("  command: mpirun "),
                                 HasSubstr("--cell "), HasSubstr(" tokens/s, ")));
  const Output quiet = moebench({"run", "file.yaml", "--fresh", "--quiet"});
  EXPECT_EQ(quiet.err, "");
  EXPECT_THAT(quiet.out, HasSubstr("## quick"));
  worker_.set_mode("crash");
  worker_.set_only_for("parallelism: ep");
  const Output failed = moebench({"run", "file.yaml", "--fresh", "-q"});
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("[2/2] "), HasSubstr("the worker gives up"),
                                Not(HasSubstr("[1/2]"))));
}

TEST_F(MoebenchTest, RunPrintsATableAndASecondRunSkips) {
  const Output first = moebench({"run", "file.yaml"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, AllOf(HasSubstr("fsdp"), HasSubstr("ep"), HasSubstr("|")));
  EXPECT_THAT(first.err, HasSubstr("[2/2] parallelism=ep ep_degree=2 ok"));
  EXPECT_THAT(first.err, Not(HasSubstr("\r"))) << "no terminal";
  EXPECT_EQ(num_lines(), 2U);
  EXPECT_EQ(record::load(results())[0].environment.at("command_line"), "moebench run file.yaml");

  const Output second = moebench({"run", "file.yaml"});
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_THAT(second.err, HasSubstr("0 repetitions to run, 2 already ok"));
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(num_lines(), 2U);
}

TEST_F(MoebenchTest, AResultOfAnotherWorkerIsMeasuredAgain) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const std::string before = record::load(results())[0].environment.at("worker_hash");
  worker_.rebuild();
  EXPECT_THAT(moebench({"run", "file.yaml", "--dry-run"}).out,
              HasSubstr("run again repetition 0, recorded ok by worker " + before));

  const Output second = moebench({"run", "file.yaml"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, AllOf(HasSubstr("note: 2 results by another program (worker " + before +
                                          ") not counted; measuring again"),
                                HasSubstr("2 repetitions to run, 0 already ok")));
  EXPECT_EQ(num_lines(), 4U);
  for (const record::CellRecord& record : record::load(results())) {
    EXPECT_NE(record.environment.at("worker_hash"), before);
  }
  EXPECT_THAT(moebench({"run", "file.yaml"}).err, HasSubstr("0 repetitions to run, 2 already ok"));
}

TEST_F(MoebenchTest, AReportTakesEachCellsLatestProgram) {
  const std::vector<std::string> run = {"run", "file.yaml", "--filter", "parallelism=fsdp"};
  std::vector<std::string> twice = run;
  twice.insert(twice.end(), {"--repeats", "2"});
  EXPECT_EQ(moebench(twice).exit_code, 0);
  worker_.rebuild();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // started_at counts seconds
  EXPECT_EQ(moebench(run).exit_code, 0);                         // repetition 0 alone
  const std::string dir = results().string();
  const Output latest = moebench({"report", dir, "--format", "json"});
  EXPECT_THAT(latest.err, HasSubstr("left out 1 result of another program"));
  EXPECT_THAT(latest.out, Not(HasSubstr("\"repetition\": 1")));
  const Output all = moebench({"report", dir, "--format", "json", "--keep-other-builds"});
  EXPECT_EQ(all.err, "");
  EXPECT_THAT(all.out, HasSubstr("\"repetition\": 1"));
}

TEST_F(MoebenchTest, ResultsOfAnotherWorkerAreKeptWhereThatIsAskedFor) {
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).exit_code, 0);
  worker_.rebuild();
  const Output second = moebench({"run", "file.yaml", "--keep-other-builds"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, AllOf(HasSubstr("note: 1 result by another program"), HasSubstr("kept"),
                                HasSubstr("1 repetitions to run, 1 already ok")));
  EXPECT_EQ(num_lines(), 2U);
  EXPECT_THAT(second.out, AllOf(HasSubstr("program"), HasSubstr("are of 2 programs")));
}

TEST_F(MoebenchTest, ARecordSaysWhatTheMachineDidMeanwhile) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  for (const record::CellRecord& record : record::load(results())) {
    EXPECT_GT(record.value("run_time").value(), 0);
    EXPECT_GE(record.value("swap_growth").value(), 0);
    EXPECT_GE(record.value("other_cores").value_or(0), 0);
  }
}

TEST_F(MoebenchTest, RecordsSayWhatTheirScenarioComparesWith) {
  const auto baselines = [this] {
    std::set<std::string> found;
    for (const record::CellRecord& record : record::load(results())) {
      for (const record::ScenarioPlace& place : record.scenarios) found.insert(place.baseline);
    }
    return found;
  };
  EXPECT_EQ(moebench({"run", "file.yaml", "--baseline", "parallelism=ep"}).exit_code, 0);
  EXPECT_THAT(baselines(), ElementsAre("parallelism=ep"));
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).exit_code, 0);
  EXPECT_THAT(baselines(), ElementsAre("")) << "of every record of the scenario";
  const Output wrong = moebench({"run", "file.yaml", "--baseline", "paralelism=ep"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--baseline: no axis 'paralelism'; did you mean"));
}

TEST_F(MoebenchTest, ADisturbedRoundIsMadeAgain) {
  worker_.set_mode("moved");
  worker_.set_only_for("parallelism: ep");
  const std::vector<std::string> run = {"run",       "file.yaml", "--ranks",      "1",
                                        "--repeats", "3",         "--busy-cores", "1000"};
  const Output first = moebench(run);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, AllOf(HasSubstr("6 repetitions to run, 0 already ok, order rounds"),
                               HasSubstr("repetition 1: the machine changed: cpu_model is "),
                               HasSubstr(": run again\n"), HasSubstr("[2/2] ")));
  EXPECT_GE(record::load(results()).size(), 8U) << "more where the machine swapped";
  EXPECT_THAT(moebench(run).err, HasSubstr(": 0 repetitions to run, "));
  std::vector<std::string> keep = run;
  keep.insert(keep.end(), {"--keep-disturbed"});
  EXPECT_THAT(moebench(keep).err, HasSubstr("0 repetitions to run, 6 already ok"));
}

TEST_F(MoebenchTest, OneRepetitionEndsWithTheCommandThatTells) {
  const Output single = moebench({"run", "file.yaml", "--only", "quick", "--out", "a b"});
  EXPECT_THAT(single.err, EndsWith("one repetition proves no gain; this goes on until gains are "
                                   "told: moebench run file.yaml --only quick --out 'a b' "
                                   "--repeats auto\n"));
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--filter", "parallelism=ep"}, {"--repeats", "2"}}) {
    std::vector<std::string> words = {"run", "file.yaml"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_THAT(moebench(words).err, Not(HasSubstr("proves no gain"))) << more.front();
  }
}

TEST_F(MoebenchTest, AutoRepeatsUntilItsGainsAreTold) {
  const std::vector<std::string> run = {"run", "file.yaml", "--repeats", "auto",
                                        "--keep-disturbed"};
  std::vector<std::string> dry = run;
  dry.insert(dry.end(), {"--dry-run"});
  EXPECT_THAT(moebench(dry).out, HasSubstr("run repetition 2, of 3 to 10"));
  const Output output = moebench(run);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.err,
              AllOf(HasSubstr("2 rounds: parallelism=ep"), HasSubstr("3 rounds: parallelism=ep"),
                    HasSubstr("±5 % is reached\n")));
  const auto records = record::load(results());
  EXPECT_EQ(records.size(), 6U) << "the fake worker's times never differ";
  EXPECT_EQ(records[0].environment.at("repeats"), "auto, 3 to 10, gain_width 0.05");
  EXPECT_THAT(moebench(run).err, HasSubstr("0 repetitions to run, 6 already ok"));
  EXPECT_THAT(moebench({"run", "file.yaml", "--repeats", "often"}).err,
              HasSubstr("--repeats: 'often' is no whole number from 1 to 10000"));
}

TEST_F(MoebenchTest, ABudgetRunsWhatTheMapNeedsAndPrintsIt) {
  const std::vector<std::string> run = {
      "run", "file.yaml", "--set", "micro_batch=[1, 2, 4, 8]", "--budget", "1h"};
  const Output output = moebench(run);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.out, AllOf(HasSubstr("# Where expert parallelism starts to win"),
                                HasSubstr("tokens a micro-batch")));
  EXPECT_THAT(output.err, HasSubstr("; next: 128 tokens a micro-batch"));
  const std::size_t runs = num_lines();
  EXPECT_EQ(moebench(run).exit_code, 0);
  EXPECT_EQ(num_lines(), runs);
  EXPECT_EQ(moebench({"crossover", "results/file"}).out, output.out);
  EXPECT_THAT(moebench({"run", "file.yaml", "--budget", "1h", "--repeats", "2"}).err,
              HasSubstr("leave out --repeats 2"));
  EXPECT_THAT(moebench({"crossover", "results/file", "--filter", "parallelism=ep"}).err,
              HasSubstr("a map needs ep, and fsdp or hsdp beside it"));
}

TEST_F(MoebenchTest, FailedCellExits3AndTheNextRunCompletes) {
  worker_.set_mode("kill");
  worker_.set_only_for("parallelism: ep");
  const Output failed = moebench({"run", "file.yaml"});
  EXPECT_EQ(failed.exit_code, 3) << failed.err;
  EXPECT_THAT(failed.out, HasSubstr("CRASHED"));
  EXPECT_EQ(record::load(results())[1].disposition, record::Disposition::kCrashed);

  worker_.set_mode("ok");
  const Output completed = moebench({"run", "file.yaml"});
  EXPECT_EQ(completed.exit_code, 0) << completed.err;
  EXPECT_THAT(completed.err, HasSubstr("1 repetitions to run, 1 already ok"));
  EXPECT_EQ(num_lines(), 3U);
  EXPECT_EQ(record::load(results()).size(), 2U);
}

TEST_F(MoebenchTest, VerifyResumeFailsWhereARunDoes) {
  worker_.set_mode("crash");
  worker_.set_only_for("parallelism: ep");
  const Output output = moebench({"verify-resume", "file.yaml", "--steps-before", "1"});
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(output.out,
              AllOf(HasSubstr("the straight run is crashed: rank 1 ended with exit code 7"),
                    HasSubstr("FAILED")));
  // This worker saves nothing.
  EXPECT_THAT(output.out, HasSubstr("not measured, or not on every rank: checkpoint_save_time"));
  EXPECT_EQ(record::load(folder_.path() / "results" / "file-verify").size(), 2U);
  EXPECT_EQ(moebench({"verify-resume", "file.yaml", "--steps-before", "3"}).exit_code, 2);
}

TEST_F(MoebenchTest, TimeLimitGivesATimedOutRecord) {
  worker_.set_mode("hang");
  const Output output =
      moebench({"run", "file.yaml", "--filter", "parallelism=ep", "--time-limit", "1.5"});
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_EQ(record::load(results())[0].disposition, record::Disposition::kTimedOut);
  EXPECT_EQ(worker_.count_sleepers(), 0);
}

TEST_F(MoebenchTest, ARunWithoutProgressIsTimedOut) {
  worker_.set_mode("mute");
  const Output output =
      moebench({"run", "file.yaml", "--filter", "parallelism=ep", "--progress-limit", "1"});
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_THAT(output.err, HasSubstr("a repetition is ended after 1 s without progress"));
  EXPECT_THAT(output.out, HasSubstr("TIMED OUT"));
  EXPECT_THAT(record::load(results())[0].message, HasSubstr("no progress for 1 s"));
  worker_.set_mode("ok");
  EXPECT_THAT(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).err,
              HasSubstr("is ended after 601 s without progress"));
}

TEST_F(MoebenchTest, MpirunIsAskedForItsVersionOnceARun) {
  const fs::path bin = folder_.path() / "bin";
  fs::create_directories(bin);
  write_file_atomically(bin / "mpirun",
                        "#!/bin/bash\nPATH=${PATH#*:}\n"
                        "[[ $1 != --version ]] || echo asked >>" +
                            (bin / "asked").string() + "\nexec mpirun \"$@\"\n");
  fs::permissions(bin / "mpirun", fs::perms::owner_all);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (bin.string() + ":" + path).c_str(), 1);
  const Output output = moebench({"run", "file.yaml", "--repeats", "2", "--keep-disturbed"});
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(read_file(bin / "asked"), "asked\n");
  EXPECT_THAT(record::load(results())[0].environment.at("launcher_version"), HasSubstr("mpirun"));
}

TEST_F(MoebenchTest, InterruptKeepsResultsAndLeavesNoProcess) {
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).exit_code, 0);
  const pid_t pid = start_hanging_run();
  ::kill(pid, SIGINT);
  const Output output = finish(pid);
  EXPECT_EQ(output.exit_code, 130) << output.err;
  EXPECT_THAT(output.err, HasSubstr("run again to continue"));
  EXPECT_EQ(num_lines(), 1U);
  EXPECT_EQ(worker_.count_sleepers(), 0);
}

TEST_F(MoebenchTest, TwoRunsDoNotShareAFolder) {
  const pid_t pid = start_hanging_run();
  const Output second = moebench({"run", "file.yaml"});
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("moebench: error: another run writes to"));
  ::kill(pid, SIGTERM);
  EXPECT_EQ(finish(pid).exit_code, 130);
}

TEST_F(MoebenchTest, FreshStartsOver) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  write_file_atomically(results() / "notes.txt", "mine");
  const Output output = moebench({"run", "file.yaml", "--fresh"});
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_THAT(output.err, HasSubstr("2 repetitions to run, 0 already ok"));
  EXPECT_EQ(num_lines(), 2U);
  EXPECT_TRUE(fs::exists(results() / "notes.txt"));
}

TEST_F(MoebenchTest, ACellThatFailsAlikeIsNotStartedAgainAndAgain) {
  worker_.set_mode("crash");
  worker_.set_only_for("parallelism: ep");
  const Output output = moebench({"run", "file.yaml", "--repeats", "5", "--keep-disturbed"});
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(output.err, HasSubstr("note: 3 more of parallelism=ep ep_degree=2 are not started, "
                                    "since it has failed twice alike\n"));
  EXPECT_EQ(num_lines(), 7U);
  EXPECT_THAT(moebench({"run", "file.yaml", "--repeats", "5", "--dry-run"}).out,
              HasSubstr("to run: 1 cell, 5 repetitions"));
}

TEST_F(MoebenchTest, ARunWhoseFirstCellsCannotStartEnds) {
  worker_.set_mode("broken");
  const Output output =
      moebench({"run", "file.yaml", "--ranks", "1", "--set", "seq_len=[8, 16, 32]"});
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(
      output.err,
      HasSubstr("note: 3 of 6 repetitions are not started: the first 3 cells have all "
                "failed before their first step, the last one as crashed: rank 0 ended with exit "
                "code 7"));
  EXPECT_EQ(num_lines(), 3U);
}

TEST_F(MoebenchTest, FailFastEndsAfterTheFirstFailure) {
  worker_.set_mode("crash");
  const Output output = moebench({"run", "file.yaml", "--repeats", "2", "--fail-fast"});
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(output.err, HasSubstr("note: 3 of 4 repetitions are not started: --fail-fast"));
  EXPECT_EQ(num_lines(), 1U);
  worker_.set_mode("ok");
  EXPECT_EQ(moebench({"run", "file.yaml", "--repeats", "2", "--keep-disturbed"}).exit_code, 0);
}

TEST_F(MoebenchTest, RepeatsRunInRounds) {
  const Output output = moebench({"run", "file.yaml", "--repeats", "2", "--ranks", "1", "--filter",
                                  "parallelism=fsdp", "--only", "quick"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.err, AllOf(HasSubstr("order rounds"), HasSubstr("[2/2] quick #1 ok")));
  const auto records = record::load(results());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].repetition, 1);
  EXPECT_EQ(records[1].axis("ranks"), "1");
}

TEST_F(MoebenchTest, ALauncherThatEndsEarlyIsQuoted) {
  const fs::path program =
      write_shell_script(folder_.path() / "path" / "mpirun",
                         "[ \"$1\" = --version ] && exit\n"
                         "echo 'launcher: plugin \033[31mx is not <installed> here' >&2\nexit 1");
  const std::string path = std::getenv("PATH");
  const Output output = finish(start_moebench(
      {"run", "file.yaml", "--ranks", "512", "--filter", "parallelism=fsdp"}, folder_.path(),
      [&] { ::setenv("PATH", (program.parent_path().string() + ":" + path).c_str(), 1); }));
  EXPECT_EQ(output.exit_code, 3) << output.err;
  const std::string log = (results() / "cells").string();
  EXPECT_THAT(output.err, AllOf(HasSubstr("exit code 1; no result of ranks 0-511 of 512"),
                                HasSubstr("launcher: plugin \\x1b[31mx is not <installed> here"),
                                HasSubstr("log: " + log), HasSubstr("/0/stderr")));
  EXPECT_THAT(output.out, AllOf(HasSubstr("CRASHED"), HasSubstr("x is not &lt;installed&gt; here"),
                                HasSubstr("log: " + log), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace moebench
