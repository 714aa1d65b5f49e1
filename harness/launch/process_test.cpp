#include "harness/launch/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/machine/process_memory.h"
#include "harness/machine/processes.h"
#include "harness/testing/error_of.h"
#include "harness/testing/fake_worker.h"

namespace moebench::launch {
namespace {

using ::testing::HasSubstr;

class ProcessTest : public ::testing::Test {
 protected:
  ~ProcessTest() override { clear_interrupt(); }

  ProcessOptions shell(const std::string& script) const {
    ProcessOptions options;
    options.command = {"bash", "-c", script};
    options.stdout_path = folder_.path() / "out";
    options.stderr_path = folder_.path() / "err";
    return options;
  }
  int sleepers() const { return machine::count_processes("sleep " + naptime_ + " "); }

  TemporaryFolder folder_;
  std::string naptime_ = unusual_naptime();
};

TEST_F(ProcessTest, KeepsOutputEnvironmentAndExitCode) {
  ProcessOptions options = shell("echo \"$COLOUR\"; echo bad >&2; exit 3");
  options.environment = {{"COLOUR", "a blue"}};
  const ProcessResult result = run_process(options);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.signal, 0);
  EXPECT_FALSE(result.timed_out || result.interrupted);
  EXPECT_EQ(read_file(options.stdout_path), "a blue\n");
  EXPECT_EQ(read_file(options.stderr_path), "bad\n");
}

TEST_F(ProcessTest, ReportsTheSignal) {
  const ProcessResult result = run_process(shell("kill -9 $$"));
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST_F(ProcessTest, MissingProgramIsAnErrorWithItsName) {
  ProcessOptions options = shell("");
  const std::string missing = (folder_.path() / "missing").string();
  options.command = {missing};
  EXPECT_THAT(error_of([&] { run_process(options); }), HasSubstr(missing));
}

TEST_F(ProcessTest, TimeLimitEndsGrandchildrenInOtherSessions) {
  ProcessOptions options = shell("setsid sleep " + naptime_ + " & (sleep " + naptime_ +
                                 " &) ; trap '' TERM; sleep " + naptime_ + "; sleep " + naptime_);
  options.time_limit_s = 0.5;
  const ProcessResult result = run_process(options);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(sleepers(), 0);
}

TEST_F(ProcessTest, IsGivenUpEvenWhereTheChildIsStopped) {
  ProcessOptions options = shell("sleep " + naptime_ + " & kill -STOP $!; kill -STOP $$");
  int num_asked = 0;
  options.should_end = [&] { return ++num_asked == 3; };
  const ProcessResult result = run_process(options);
  EXPECT_TRUE(result.given_up);
  EXPECT_FALSE(result.timed_out || result.interrupted);
  EXPECT_EQ(sleepers(), 0);
}

TEST_F(ProcessTest, EndsWhatOutlivesTheChild) {
  const ProcessResult result = run_process(shell("setsid sleep " + naptime_ + " & exit 0"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.num_outlived, 1);
  EXPECT_EQ(sleepers(), 0);
}

TEST_F(ProcessTest, LeavesProcessesAloneThatItDidNotStart) {
  const pid_t other = ::fork();
  if (other == 0) {
    ::execlp("sleep", "sleep", naptime_.c_str(), nullptr);
    ::_exit(127);
  }
  run_process(shell("exit 0"));
  EXPECT_EQ(::waitpid(other, nullptr, WNOHANG), 0) << "ended a foreign child";
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
}

TEST_F(ProcessTest, InterruptEndsTheChild) {
  handle_interrupts();
  ProcessOptions options = shell("setsid sleep " + naptime_ + " & sleep " + naptime_);
  int ticks = 0;
  options.on_tick = [&] {
    if (++ticks == 2) ::raise(SIGINT);
  };
  EXPECT_TRUE(run_process(options).interrupted);
  EXPECT_EQ(sleepers(), 0);
  ::signal(SIGINT, SIG_DFL);
}

TEST_F(ProcessTest, ThrowingCallbackLeavesNoProcess) {
  ProcessOptions options = shell("sleep " + naptime_);
  options.on_tick = [] { throw Error("enough"); };
  EXPECT_THROW(run_process(options), Error);
  EXPECT_EQ(sleepers(), 0);
}

TEST_F(ProcessTest, TellsThePidOfTheProgramBeforeTheFirstTick) {
  ProcessOptions options = shell("echo $$");
  pid_t told = 0;
  options.on_start = [&](pid_t pid) { told = pid; };
  options.on_tick = [&] { EXPECT_NE(told, 0); };
  run_process(options);
  EXPECT_EQ(read_file(options.stdout_path), std::to_string(told) + "\n");
}

TEST_F(ProcessTest, AThrowingStartLeavesNoProcess) {
  ProcessOptions options = shell("sleep " + naptime_);
  options.on_start = [](pid_t) { throw Error("enough"); };
  EXPECT_THROW(run_process(options), Error);
  EXPECT_EQ(sleepers(), 0);
}

// Its own clock tells each shell when it has used a quarter of a second, however busy the machine
// is.
TEST_F(ProcessTest, CountsTheTimeOfChildGrandchildAndOrphan) {
  const std::string burn =
      "while read -r _ _ _ _ _ _ _ _ _ _ _ _ _ user _ </proc/$BASHPID/stat; ((user < 25)); do "
      "for ((i = 0; i < 20000; ++i)); do :; done; done";
  ASSERT_EQ(::sysconf(_SC_CLK_TCK), 100);
  const std::string done = (folder_.path() / "done").string();
  ProcessOptions options = shell("(" + burn + "); ((" + burn + "; touch " + done + ") &); " + burn +
                                 "; while [ ! -e " + done + " ]; do sleep 0.05; done");
  const ProcessResult result = run_process(options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_GE(result.usage.cpu_s, 0.7);
  EXPECT_GT(result.usage.wall_s, 0);
}

TEST_F(ProcessTest, MemoryIsThatOfTheLargestProcess) {
  const std::int64_t bytes = machine::peak_rss_bytes().value() + (64 << 20);
  const ProcessResult result = run_process(
      shell("dd if=/dev/zero of=/dev/null count=1 bs=" + std::to_string(bytes) + "; exit 0"));
  EXPECT_EQ(result.exit_code, 0);
  ASSERT_TRUE(result.usage.rss_peak_bytes.has_value());
  EXPECT_GE(*result.usage.rss_peak_bytes, bytes);
}

TEST_F(ProcessTest, ASmallProgramsMemoryIsNotToldApartFromTheDrivers) {
  std::string ballast(std::size_t{32} << 20, 'x');
  EXPECT_EQ(run_process(shell("exit 0")).usage.rss_peak_bytes, std::nullopt);
  EXPECT_EQ(ballast.back(), 'x');
}

TEST_F(ProcessTest, TicksAboutFiveTimesASecond) {
  ProcessOptions options = shell("sleep 1.1");
  int ticks = 0;
  options.on_tick = [&] { ++ticks; };
  const auto start = std::chrono::steady_clock::now();
  run_process(options);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  EXPECT_GE(ticks, 1);
  EXPECT_LE(ticks, passed.count() * 5 + 2);
}

}  // namespace
}  // namespace moebench::launch
