#include "harness/merge/last_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "harness/merge/known_causes.h"
#include "harness/merge/rank_files.h"
#include "harness/testing/test_folder.h"

namespace moebench::merge {
namespace {

using record::Disposition;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string message_after(int exit_code, const std::string& stderr_text, int ranks = 2) {
  return judge_processes(RankResults(static_cast<std::size_t>(ranks)),
                         {.exit_code = exit_code,
                          .stderr_text = stderr_text,
                          .log_folder = "/results/cells/c/0"})
      .message;
}

// mpirun of Open MPI 4.1 printed this where /dev/shm held 64 KiB.
constexpr const char* kSmallSharedMemory =
    R"(--------------------------------------------------------------------------
It appears as if there is not enough space for /dev/shm/vader_segment.vm.0.41b80001.0 (the shared-memory backing
file). It is likely that your MPI job will now either abort or experience
performance degradation.

  Local host:  vm
  Space Requested: 4194312 B
  Space Available: 65536 B
--------------------------------------------------------------------------
[vm:11594] *** An error occurred in MPI_Init_thread
[vm:11594] *** reported by process [1102577665,0]
[vm:11594] *** on a NULL communicator
[vm:11594] *** Unknown error
[vm:11594] *** MPI_ERRORS_ARE_FATAL (processes in this communicator will now abort,
[vm:11594] ***    and potentially your MPI job)
[vm:11590] 1 more process has sent help message help-opal-shmem-mmap.txt / target full
[vm:11590] Set MCA parameter "orte_base_help_aggregate" to 0 to see all help / error messages
)";

TEST(LastWords, NameCauseRemedyLinesAndLog) {
  EXPECT_EQ(message_after(1, kSmallSharedMemory),
            "exit code 1; no result of ranks 0-1 of 2: the shared memory of this host is too small "
            "for the ranks' messages; enlarge /dev/shm (mount -o remount,size=1g /dev/shm; docker "
            "run --shm-size=1g) (last lines: It appears as if there is not enough space for "
            "/dev/shm/vader_segment.vm.0.41b80001.0 (the shared-memory backing / Space Requested: "
            "4194312 B / Space Available: 65536 B / *** An error occurred in MPI_Init_thread; log: "
            "/results/cells/c/0/stderr)");
}

TEST(LastWords, OfManyRanksStayShort) {
  std::string text;
  for (int rank = 0; rank < 512; ++rank) {
    text += "[host:" + std::to_string(rank) + "] it does not work\n";
  }
  EXPECT_EQ(message_after(1, text, 512),
            "exit code 1; no result of ranks 0-511 of 512 (last lines: it does not work; log: "
            "/results/cells/c/0/stderr)");
  EXPECT_LT(message_after(1, std::string(100'000, 'x'), 512).size(), 500u);
}

TEST(LastWords, CausesAreKnownByWhatIsPrinted) {
  struct Known {
    const char* text;
    const char* remedy;
  };
  for (const Known& known : {
           Known{"**********\n\nmpirun does not support recursive calls\n\n*******",
                 "without mpirun"},
           Known{"[vm:11206] opal_ifinit: unable to find network interfaces.", "127.0.0.1"},
           Known{"could be found:\nNone of the TCP networks specified to be included for "
                 "out-of-band communications",
                 "127.0.0.1"},
           Known{"srun: error: Couldn't find the specified plugin name for mpi/pmix looking at all "
                 "files",
                 "--launcher mpirun"},
           Known{"srun: error: mpi/pmix: can't load PMIx library", "--launcher mpirun"},
           Known{"srun: error: Invalid MPI type 'pmix', --mpi=list for acceptable types",
                 "--launcher mpirun"},
           Known{"[mpiexec@n1] match_arg (utils/args/args.c:163): unrecognized argument "
                 "allow-run-as-root",
                 "first in PATH"},
           Known{"moebench-rank: error: 2 ranks are needed, but the launcher started 1",
                 "first in PATH"},
           Known{"moebench-rank: error while loading shared libraries: libmpi.so.40: cannot open "
                 "shared object file: No such file or directory",
                 "LD_LIBRARY_PATH"},
           Known{"/lib/libc.so.6: version `GLIBC_2.38' not found (required by moebench-rank)",
                 "LD_LIBRARY_PATH"},
           Known{"mpirun was unable to launch the specified application as it could not access\nor "
                 "execute an executable:",
                 "is executable"},
           Known{"  Error:             Exec format error", "built for this machine"},
           Known{"slurmstepd: error: execve(): /x/moebench-rank: No such file or directory",
                 "same path on every host"},
           Known{"  Error:             /x/worker has a bad interpreter on the first line.",
                 "is executable"},
           Known{"At least one pair of MPI processes are unable to reach each other for",
                 "df -h /dev/shm"},
           Known{
               "MPI_INIT has failed because at least one MPI process is unreachable\nfrom another.",
               "df -h /dev/shm"},
           Known{"[vm:1] *** An error occurred in MPI_Init_thread", "df -h /dev/shm"},
           Known{"*** stack smashing detected ***: terminated", "short name"},
           Known{"There are not enough slots available in the system", "--oversubscribe"},
           Known{"While computing bindings, we found no available cpus on", "bind: none"},
           Known{"ORTE was unable to reliably start one or more daemons.", "ssh"},
           Known{"ssh: Could not resolve hostname n9: Name or service not known\n"
                 "ORTE was unable to reliably start one or more daemons.",
                 "correct the file of --hosts"},
           Known{"moebench: host 'b' (10.0.0.2) is gone: rank 1 has ended\n"
                 "ORTE was unable to reliably start one or more daemons.\n"
                 "  lack of common network interfaces and/or no route found between\n"
                 "  them. Please check network connectivity (including firewalls\n"
                 "  and network routing requirements).\n",
                 "on all hosts again, goes on (last lines: moebench: host 'b' (10.0.0.2) is gone: "
                 "rank 1 has ended / ORTE was unable"},
           Known{"ORTE has lost communication with a remote daemon.\n\n"
                 "  Remote daemon: [[24456,0],2] on node n2\n\n",
                 "(last lines: Remote daemon: [[24456,0],2] on node n2"},
           Known{"fork: Resource temporarily unavailable", "ulimit -u"},
           Known{"write failed: No space left on device", "make room"},
           Known{"mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 9 "
                 "(Killed).",
                 "dmesg"},
           Known{"mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 7 (Bus "
                 "error).",
                 "/dev/shm"},
           Known{"error: *** STEP 7.0 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***",
                 "--time"},
       }) {
    EXPECT_THAT(message_after(1, known.text), HasSubstr(known.remedy)) << known.text;
  }
}

TEST(LastWords, AnUnknownReasonIsToldAsItStands) {
  EXPECT_EQ(message_after(3, "launcher: plugin x is not installed here\n"),
            "exit code 3; no result of ranks 0-1 of 2 (last lines: launcher: plugin x is not "
            "installed here; log: /results/cells/c/0/stderr)");
  EXPECT_EQ(message_after(0, ""),
            "exit code 0; no result of ranks 0-1 of 2 (no reason was printed; log: "
            "/results/cells/c/0/stderr)");
  EXPECT_THAT(message_after(1, "\x1b[31mred\x1b[0m\xff"), HasSubstr("\\x1b[31mred\\x1b[0m\\xff"));
}

TEST(LastWords, WhatTheLauncherPrintsOnStdoutCounts) {
  const Verdict verdict = judge_processes(
      RankResults(1), {.exit_code = 1,
                       .stdout_text = "progress: phase=load step=0 of=1\nno licence\n",
                       .log_folder = "/r"});
  EXPECT_THAT(verdict.message, HasSubstr("(last lines: no licence; log: /r/stderr, /r/stdout)"));
}

TEST(LastWords, SignalsAreNamed) {
  EXPECT_THAT(judge_processes(RankResults(1), {.signal = 11}).message,
              StartsWith("killed by signal 11 (Segmentation fault); no result of rank 0 of 1"));
  EXPECT_THAT(message_after(139, ""),
              StartsWith("exit code 139, as after signal 11 (Segmentation"));
  EXPECT_THAT(message_after(132, ""), StartsWith("exit code 132, as after signal 4 (Illegal"));
  EXPECT_THAT(
      judge_processes(RankResults(2),
                      {.exit_code = 132, .stdout_text = "2 total processes failed to start\n"})
          .message,
      StartsWith("exit code 132; no result"))
      << "a number of mpirun's";
  EXPECT_THAT(judge_processes(RankResults(1), {.signal = 4}).message, HasSubstr("kind of machine"));
}

TEST(LastWords, WhatABatchSystemKillsForMemoryIsOutOfMemory) {
  const Verdict verdict = judge_processes(
      RankResults(2),
      {.exit_code = 1,
       .stderr_text = "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.0."});
  EXPECT_EQ(verdict.disposition, Disposition::kOutOfMemory);
}

TEST(LastWords, TellingLinesLeaveOutWhatStandsAfterAnyFailure) {
  EXPECT_THAT(telling_lines(R"(the reason
--------------------------------------------------------------------------
Primary job  terminated normally, but 1 process returned
a non-zero exit code. Per user-direction, the job has been aborted.
--------------------------------------------------------------------------

  Process name: [[18193,1],0]
  Exit code:    1
)",
                            5),
              ElementsAre("the reason"));
  EXPECT_THAT(telling_lines("no licence\nsrun: error: n1: tasks 0-7: Exited with exit code 1\n"
                            "srun: Terminating StepId=7.0\n",
                            5),
              ElementsAre("no licence"));
  EXPECT_THAT(telling_lines("[vm:01234] *** Process received signal ***\n"
                            "[vm:01234] Signal: Segmentation fault (11)\n"
                            "[vm:01234] Failing at address: (nil)\n"
                            "[vm:01234] [ 0] /lib/libc.so.6(+0x3c050)[0x7f3f11e5a050]\n"
                            "[vm:01234] [12] /x/moebench-rank(+0x44d51)[0x558cf7e3cd51]\n"
                            "[vm:01234] *** End of error message ***\n",
                            5),
              ElementsAre("Signal: Segmentation fault (11)", "Failing at address: (nil)"));
  EXPECT_THAT(telling_lines("1\n2\n\n3\n2\n", 2), ElementsAre("3", "2"));
  EXPECT_THAT(telling_lines("\n---\n", 2), IsEmpty());
}

TEST(LastWords, TheRecordKeepsTheLastLinesAsTheyAre) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + "\n";
  const std::string tail = output_tail({.stderr_text = text + "\n\n"});
  EXPECT_THAT(tail, AllOf(StartsWith("80\n81\n"), HasSubstr("\n99")));
  EXPECT_EQ(output_tail({.stdout_text = "a\nb\n", .stderr_text = " \n"}), "a\nb");
  EXPECT_EQ(output_tail({}), "");
  EXPECT_LT(output_tail({.stderr_text = std::string(100'000, 'x')}).size(), 20'000u);
}

TEST(BothEnds, OfALargeFileAreItsBeginAndEnd) {
  const TestFolder folder;
  const auto small = folder.write("small", "the reason\n");
  const auto large = folder.write("large", "first\n" + std::string(1 << 20, 'x') + "\nlast\n");
  EXPECT_EQ(both_ends(small), "the reason\n");
  const std::string text = both_ends(large);
  EXPECT_THAT(text, AllOf(StartsWith("first\n"), HasSubstr("\nlast\n")));
  EXPECT_LT(text.size(), std::size_t{1} << 19);
  EXPECT_EQ(both_ends(folder.path() / "none"), "");
  EXPECT_EQ(both_ends(folder.write("empty", "")), "");
}

}  // namespace
}  // namespace moebench::merge
