#include "harness/merge/dead_rank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/merge/last_words.h"

namespace moebench::merge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kKilled =
    R"(--------------------------------------------------------------------------
Primary job  terminated normally, but 1 process returned
a non-zero exit code. Per user-direction, the job has been aborted.
--------------------------------------------------------------------------
--------------------------------------------------------------------------
mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 9 (Killed).
--------------------------------------------------------------------------
)";

constexpr const char* kExited =
    R"(--------------------------------------------------------------------------
mpirun detected that one or more processes exited with non-zero status, thus causing
the job to be terminated. The first process to do so was:

  Process name: [[20873,1],1]
  Exit code:    7
--------------------------------------------------------------------------
)";

TEST(DeadRank, IsWhomTheLauncherBlames) {
  struct Blamed {
    const char* text;
    DeadRank dead;
  };
  for (const Blamed& blamed : {
           Blamed{kKilled, {1, "vm", 9, 0}},
           Blamed{"prterun noticed that process rank 31 with PID 4711 on node n-7.cluster exited "
                  "on\nsignal 11 (Segmentation fault: 11).",
                  {31, "n-7.cluster", 11, 0}},
           Blamed{kExited, {1, "", 0, 7}},
           Blamed{"   Process name: [prterun-vm-20873@1,512]\n   Exit code:    127\n",
                  {512, "", 0, 127}},
           Blamed{"MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD\n"
                  "with errorcode 70.\n",
                  {3, "", 0, 70}},
           Blamed{"MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD\n"
                  "  Proc: [[20873,1],3]\n  Errorcode: 70\n",
                  {3, "", 0, 70}},
           Blamed{"slurmstepd: error: x\nsrun: error: n7: task 12: Killed\n", {12, "n7", 9, 0}},
           Blamed{"srun: error: n7: tasks 3,5-6: Segmentation fault (core dumped)\n",
                  {3, "n7", 11, 0}},
           Blamed{"srun: error: n7: task 1: Exited with exit code 127\n", {1, "n7", 0, 127}},
           Blamed{"train.py FAILED\n-----\nFailures:\n  <NO_OTHER_FAILURES>\n-----\n"
                  "Root Cause (first observed failure):\n[0]:\n"
                  "  time      : 2026-11-29_10:00:00\n  host      : gpu-1\n"
                  "  rank      : 5 (local_rank: 1)\n  exitcode  : -6 (pid: 99)\n"
                  "  error_file: <N/A>\n  traceback : Signal 6 (SIGABRT) received by PID 99\n",
                  {5, "gpu-1", 6, 0}},
           Blamed{"Root Cause (first observed failure):\n[0]:\n  time      : x\n"
                  "  host      : gpu-1\n  rank      : 0 (local_rank: 0)\n"
                  "  exitcode  : 1 (pid: 99)\n",
                  {0, "gpu-1", 0, 1}},
       }) {
    EXPECT_EQ(find_dead_rank(blamed.text), blamed.dead) << blamed.text;
  }
}

TEST(DeadRank, IsNobodyWhereNobodyIsNamed) {
  for (const std::string& text :
       {std::string(), std::string("mpirun noticed that process rank"),
        std::string("noticed that process rank x with PID 0 on node vm exited on signal 9"),
        std::string("Process name: [[1,1],99999999999999999999]\n Exit code: 1"),
        std::string("srun: error: Unable to create step for job 7"),
        std::string("srun: error: n7: task 1: Bored\n"),
        "noticed that process rank" + std::string(1 << 18, ' '),
        "Process name: [" + std::string(1 << 18, ',')}) {
    EXPECT_EQ(find_dead_rank(text), std::nullopt) << text.substr(0, 100);
  }
}

std::string message_of(const Outcome& outcome, int ranks) {
  return judge_processes(RankResults(static_cast<std::size_t>(ranks)), outcome).message;
}

TEST(DeadRank, IsNamedWithItsHostAndItsEnd) {
  EXPECT_THAT(message_of({.exit_code = 137, .stderr_text = kKilled}, 2),
              StartsWith("rank 1 (host vm) was ended by signal 9 (Killed), and with it rank 0 of "
                         "2: a rank was killed from outside"));
  EXPECT_EQ(message_of({.exit_code = 7,
                        .stderr_text = std::string("no licence\n") + kExited,
                        .log_folder = "/r",
                        .started = {std::nullopt, record::RankTrace{"n7", 4711}}},
                       4),
            "rank 1 (host n7) ended with exit code 7, and with it the other 3 of 4 (last lines: "
            "no licence; log: /r/stderr)");
  EXPECT_THAT(message_of({.exit_code = 127, .is_rank = true}, 1),
              StartsWith("rank 0 ended with exit code 127: a program, or a library that it needs, "
                         "was not found; "));
  EXPECT_THAT(
      message_of({.signal = 6, .started = {record::RankTrace{"n7", 9}}, .is_rank = true}, 1),
      StartsWith("rank 0 (host n7) was ended by signal 6 (Aborted) ("));
}

TEST(DeadRank, OfAnotherEngineIsNamedToo) {
  const Outcome outcome{.exit_code = 1,
                        .stderr_text =
                            "Root Cause (first observed failure):\n[0]:\n  time      : x\n"
                            "  host      : gpu-1\n  rank      : 3 (local_rank: 3)\n"
                            "  exitcode  : -9 (pid: 99)\n"};
  EXPECT_THAT(judge_processes({}, outcome).message,
              StartsWith("rank 3 (host gpu-1) was ended by signal 9 (Killed): a rank was killed "));
}

TEST(DeadRank, TheReportOfTorchrunDoesNotHideItsWords) {
  const Outcome outcome{
      .exit_code = 1,
      .stderr_text =
          "Traceback (most recent call last):\n  File \"train.py\", line 7\n"
          "RuntimeError: no such shard\n"
          "W1129 10:00:00.1 9 torch/distributed/elastic/multiprocessing/api.py:897] Sending "
          "process 100 closing signal SIGTERM\n"
          "E1129 10:00:00.2 9 torch/distributed/elastic/multiprocessing/api.py:869] failed "
          "(exitcode: 1) local_rank: 1 (pid: 99) of binary: /usr/bin/python3\n"
          "Traceback (most recent call last):\n  File \"torchrun\", line 8\n"
          "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
          "Root Cause (first observed failure):\n[0]:\n  time      : x\n"
          "  host      : gpu-1\n  rank      : 1 (local_rank: 1)\n  exitcode  : 1 (pid: 99)\n"
          "  error_file: <N/A>\n"};
  EXPECT_EQ(judge_processes({}, outcome).message,
            "rank 1 (host gpu-1) ended with exit code 1 (last lines: Traceback (most recent call "
            "last): / File \"train.py\", line 7 / RuntimeError: no such shard)");
}

// Of 512 ranks that lose a peer the peer's own words are the reason.
TEST(DeadRank, ItsWordsGoBeforeTheEchoOfOthers) {
  Outcome outcome{.exit_code = 137, .stderr_text = "[vm:77] *** stack smashed\n"};
  outcome.stderr_text += kKilled;
  outcome.stderr_text += "[vm:76] connection reset by peer\nrank 2: lost a peer\n";
  outcome.started = {record::RankTrace{"vm", 76}, record::RankTrace{"vm", 77}};
  EXPECT_THAT(message_of(outcome, 3),
              AllOf(HasSubstr("(last lines: *** stack smashed)"), Not(HasSubstr("lost a peer"))));
  outcome.stderr_text = std::string(kKilled) + "[vm:76] connection reset by peer\n";
  EXPECT_THAT(message_of(outcome, 3), HasSubstr("connection reset")) << "better than nothing";
}

}  // namespace
}  // namespace moebench::merge
