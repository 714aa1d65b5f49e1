#include "harness/cluster/slurm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"
#include "harness/testing/shell_script.h"
#include "harness/testing/test_folder.h"

namespace moebench::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Slurm, TasksAreParsed) {
  EXPECT_THAT(parse_tasks("12|RUNNING|None|n[1-2]|1:02\n"),
              ElementsAre(TaskState{-1, JobPhase::kRunning, "RUNNING", "", "n[1-2]", "1:02"}));
  EXPECT_THAT(parse_tasks("12_1|PENDING|Resources||0:00\n12_0|COMPLETED|None|n1|0:07\n"),
              ElementsAre(TaskState{0, JobPhase::kEnded, "COMPLETED", "", "n1", "0:07"},
                          TaskState{1, JobPhase::kQueued, "PENDING", "Resources", "", "0:00"}));
  EXPECT_THAT(parse_tasks("12_3|CANCELLED by 1000|None|n1|00:00:07\n"),
              ElementsAre(TaskState{3, JobPhase::kEnded, "CANCELLED", "", "n1", "00:00:07"}))
      << "as sacct says it";
  EXPECT_EQ(parse_tasks("12_[0-2,7%4]|PENDING|None|None assigned|00:00:00\n").size(), 4U);
  EXPECT_THAT(parse_tasks("\nslurm_load_jobs error\n12.batch|COMPLETED|||\n"), IsEmpty());
}

// Slurm's commands, as scripts in a PATH of their own.
class SlurmCommands : public ::testing::Test {
 protected:
  SlurmCommands() {
    const char* path = std::getenv("PATH");
    path_ = path == nullptr ? "" : path;
    ::setenv("PATH", folder_.path().c_str(), 1);
  }
  ~SlurmCommands() override { ::setenv("PATH", path_.c_str(), 1); }

  void install(const std::string& name, const std::string& body) {
    write_shell_script(folder_.path() / name, body);
  }

  TestFolder folder_;
  std::string path_;
};

TEST_F(SlurmCommands, SubmitGivesTheJobsNumber) {
  EXPECT_THAT(error_of([] { submit("x.sh"); }), HasSubstr("sbatch is not in PATH"));
  install("sbatch", "[ \"$*\" = '--parsable x.sh' ] && echo '12;cluster'");
  EXPECT_EQ(submit("x.sh"), "12");
  install("sbatch", "echo 'sbatch: error: invalid partition' >&2; exit 1");
  EXPECT_THAT(error_of([] { submit("x.sh"); }),
              HasSubstr("did not take 'x.sh': sbatch: error: invalid partition"));
}

TEST_F(SlurmCommands, SacctSaysWhatSqueueHasForgotten) {
  EXPECT_EQ(ask_job("12").kind, JobAnswer::Kind::kNobody);
  install("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1");
  EXPECT_EQ(ask_job("12").kind, JobAnswer::Kind::kForgotten);
  install("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
  EXPECT_EQ(ask_job("12").kind, JobAnswer::Kind::kForgotten);
  install("sacct", "echo '12|TIMEOUT||n1|01:00:00'");
  const JobAnswer answer = ask_job("12");
  EXPECT_EQ(answer.kind, JobAnswer::Kind::kKnown);
  ASSERT_EQ(answer.tasks.size(), 1U);
  EXPECT_EQ(answer.tasks[0].word, "TIMEOUT");
}

TEST_F(SlurmCommands, AControllerThatIsAwayIsNoEnd) {
  install("squeue", "echo 'Unable to contact slurm controller' >&2; exit 1");
  install("sacct", "echo '12|RUNNING||n1|01:00:00'");
  const JobAnswer answer = ask_job("12");
  EXPECT_EQ(answer.kind, JobAnswer::Kind::kNoAnswer);
  EXPECT_EQ(answer.complaint, "squeue: Unable to contact slurm controller");
}

}  // namespace
}  // namespace moebench::cluster
