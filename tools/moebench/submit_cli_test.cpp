// Runs moebench submit and status as a user does, with stand-ins for Slurm's commands and the
// worker; tools/slurm_test does it with Slurm itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/record/jobs.h"
#include "harness/record/results_file.h"
#include "harness/testing/shell_script.h"
#include "tools/moebench/moebench_run_testing.h"

namespace moebench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTwoComparisons = R"(
defaults:
  axes: {model: toy, ranks: 2}
  settings: {steps: 2, warmup_steps: 1, time_limit_s: 30}
scenarios:
  - name: quick
    axes: {parallelism: [fsdp, ep], seq_len: [16, 32]}
)";

class Submit : public MoebenchTest {
 protected:
  Submit() {
    write_file_atomically(folder_.path() / "file.yaml", kTwoComparisons);
    fs::create_directories(bin());
    const char* path = std::getenv("PATH");
    path_ = path == nullptr ? "" : path;
    ::setenv("PATH", (bin().string() + ":" + path_).c_str(), 1);
  }
  ~Submit() override { ::setenv("PATH", path_.c_str(), 1); }

  fs::path bin() const { return folder_.path() / "bin"; }
  void install(const std::string& name, const std::string& body) const {
    write_shell_script(bin() / name, body);
  }
  // sbatch that takes anything as job 7, and squeue that says this of it.
  void install_slurm(const std::string& state) const {
    install("sbatch", "echo 7");
    install("squeue", "echo '" + state + "'");
  }

  std::string path_;
};

TEST_F(Submit, ADryRunPrintsTheScriptAndLeavesNothing) {
  const Output script = moebench({"submit", "file.yaml", "--dry-run", "--partition", "short",
                                  "--sbatch-option=--mem=0", "--launcher-args=--overlap"});
  ASSERT_EQ(script.exit_code, 0) << script.err;
  EXPECT_THAT(
      script.out,
      AllOf(HasSubstr("#SBATCH --job-name=moebench-file\n"), HasSubstr("--nodes=1\n"),
            HasSubstr("--ntasks-per-node=2\n"), HasSubstr("--time=00:04:00\n"),
            HasSubstr("--partition=short\n"), HasSubstr("#SBATCH --mem=0\n"),
            HasSubstr(fs::canonical(folder_.path() / "file.yaml").string()),
            HasSubstr("--launcher slurm --launcher-args=--overlap\n"), Not(HasSubstr("--array"))));
  EXPECT_FALSE(fs::exists(results()));
}

TEST_F(Submit, AnArrayHasATaskAComparison) {
  const Output script = moebench({"submit", "file.yaml", "--dry-run", "--array"});
  EXPECT_THAT(script.out, AllOf(HasSubstr("#SBATCH --array=0-1\n"), HasSubstr("00:03:00"),
                                HasSubstr("--group \"$SLURM_ARRAY_TASK_ID/2\"\n")));
  EXPECT_THAT(moebench({"submit", "file.yaml", "--groups", "3"}).err,
              HasSubstr("3 groups are more than the 2"));
}

TEST_F(Submit, HowLongACellMayTakeMustBeKnown) {
  write_file_atomically(folder_.path() / "file.yaml", kScenarios);
  const Output unknown = moebench({"submit", "file.yaml", "--dry-run"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("give --time-limit S, the file's setting time_limit_s"));
  EXPECT_THAT(moebench({"submit", "file.yaml", "--dry-run", "--time", "1:00:00"}).out,
              HasSubstr("#SBATCH --time=1:00:00\n"));
  ASSERT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  EXPECT_THAT(moebench({"submit", "file.yaml", "--dry-run", "--repeats", "2"}).out,
              HasSubstr("#SBATCH --time=00:02:00\n"))
      << "by the earlier repetitions";
}

TEST_F(Submit, AJobIsNotedFollowedAndNotSubmittedTwice) {
  install_slurm("7|PENDING|Priority||0:00");
  const Output submitted = moebench({"submit", "file.yaml"});
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  EXPECT_THAT(submitted.out, HasSubstr("job 7: 4 repetitions, 1 task of 1 node x 2 ranks"));
  EXPECT_EQ(record::load_submissions(results()).at(0).cells.size(), 4U);
  EXPECT_TRUE(fs::exists(results() / "submit.sh"));
  const Output queued = moebench({"status", "results/file"});
  EXPECT_EQ(queued.exit_code, 0);
  EXPECT_THAT(queued.out, AllOf(HasSubstr("4 queued"), HasSubstr("Priority")));
  const Output twice = moebench({"submit", "file.yaml"});
  EXPECT_EQ(twice.exit_code, 2);
  EXPECT_THAT(twice.err, HasSubstr("job 7 of 'results/file' is still queued or runs"));

  install_slurm("7|COMPLETED|None|n1|0:10");
  EXPECT_EQ(moebench({"status", "results/file", "--wait"}).exit_code, 3) << "nothing has run";
  ASSERT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const Output done = moebench({"status", "results/file", "--wait"});
  EXPECT_EQ(done.exit_code, 0) << done.out;
  EXPECT_THAT(done.err, HasSubstr("4 done"));
  const Output again = moebench({"submit", "file.yaml"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.out, HasSubstr("nothing to do: all 4 repetitions"));
}

TEST_F(Submit, WhatIsOkIsLeftOutOfTheNextJob) {
  ASSERT_EQ(moebench({"run", "file.yaml", "--filter", "seq_len=16"}).exit_code, 0);
  const Output rest = moebench({"submit", "file.yaml", "--dry-run", "--array"});
  EXPECT_THAT(rest.out, AllOf(HasSubstr("#SBATCH --array=1\n"), HasSubstr("TASK_ID/2"),
                              HasSubstr("2 cells of file.yaml, 2 repetitions to run")));
}

TEST_F(Submit, WhatSbatchRefusesIsNoJob) {
  install("sbatch", "echo 'sbatch: error: invalid partition specified: x' >&2; exit 1");
  const Output refused = moebench({"submit", "file.yaml", "--partition", "x"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("invalid partition specified: x"));
  EXPECT_TRUE(record::load_submissions(results()).empty());
  EXPECT_THAT(moebench({"status", "results/file"}).err, HasSubstr("was not submitted"));
}

TEST_F(Submit, AManifestIsPrintedAndNothingIsSubmitted) {
  EXPECT_THAT(moebench({"submit", "file.yaml", "--format", "jobset"}).err,
              HasSubstr("--format jobset needs --image"));
  const Output jobset = moebench({"submit", "file.yaml", "--format", "jobset", "--image", "i"});
  EXPECT_EQ(jobset.exit_code, 0) << jobset.err;
  EXPECT_THAT(jobset.err, HasSubstr("without --claim the results are gone with the pods"));
  EXPECT_THAT(jobset.out,
              AllOf(HasSubstr("kind: JobSet\n"), HasSubstr("\"/results/file\""),
                    HasSubstr('"' + fs::canonical(folder_.path() / "file.yaml").string() + '"')));
  EXPECT_THAT(
      moebench({"submit", "file.yaml", "--format", "trainjob", "--image", "i", "--claim", "c"}).err,
      HasSubstr("--claim is a JobSet's"));
  EXPECT_FALSE(fs::exists(results()));
}

TEST_F(Submit, GroupsRunSideBySideIntoOneFolder) {
  worker_.set_mode("hang");
  const pid_t first = start({"run", "file.yaml", "--group", "0/2"});
  for (int i = 0; i < 2400 && worker_.count_sleepers() < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  worker_.set_mode("ok");
  fs::create_directories(folder_.path() / "second");
  const auto in_second = [&](std::vector<std::string> words) {
    words.insert(words.begin() + 1, {"../file.yaml", "--out", "../results/file"});
    return finish_moebench(start_moebench(words, folder_.path() / "second"),
                           folder_.path() / "second");
  };
  const Output other = in_second({"run", "--group", "1/2"});
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_THAT(in_second({"run", "--group", "0/2"}).err, HasSubstr("another run measures cell"));
  EXPECT_THAT(in_second({"run"}).err, HasSubstr("another run writes to"));
  EXPECT_THAT(in_second({"run", "--group", "1/2", "--fresh"}).err, HasSubstr("--fresh removes"));
  ::kill(first, SIGTERM);
  EXPECT_EQ(finish(first).exit_code, 130);
  EXPECT_EQ(record::result_files(results()).size(), 2U);

  const Output rest = moebench({"run", "file.yaml"});
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_THAT(rest.err, HasSubstr("2 repetitions to run, 2 already ok"));
  EXPECT_EQ(record::load(results()).size(), 4U);
  EXPECT_EQ(record::result_files(results()).size(), 3U);
  EXPECT_EQ(moebench({"report", "results/file"}).exit_code, 0);
}

}  // namespace
}  // namespace moebench
