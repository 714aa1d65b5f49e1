#include "harness/machine/processes.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"

namespace moebench::machine {
namespace {

TEST(Processes, ThisProcessItsLauncherAndWhatItStartsAreOfTheRun) {
  EXPECT_TRUE(is_of_this_run(::getpid()));
  EXPECT_TRUE(::getppid() <= 1 || is_of_this_run(::getppid()));
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  EXPECT_TRUE(is_of_this_run(child));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(is_of_this_run(child));
}

TEST(Processes, OthersAreNot) {
  EXPECT_FALSE(is_of_this_run(1));
  EXPECT_FALSE(is_of_this_run(0));
  EXPECT_FALSE(is_of_this_run(1 << 30));  // beyond the largest that Linux gives
}

TEST(Processes, AreFoundWithNameAndParent) {
  EXPECT_THAT(all_processes(), testing::Contains(::getpid()));
  const auto self = read_process(::getpid());
  ASSERT_TRUE(self.has_value());
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->name, std::string(program_invocation_short_name).substr(0, 15));
  EXPECT_GT(self->start_jiffies, 0);
  EXPECT_FALSE(read_process(1 << 30).has_value());
  EXPECT_EQ(read_process_file(1 << 30, "status"), "");
}

TEST(Processes, AreReadFromAnyFolder) {
  const TemporaryFolder proc;
  std::filesystem::create_directory(proc.path() / "7");
  std::filesystem::create_directory(proc.path() / "self");
  write_file_atomically(proc.path() / "7" / "stat",
                        "7 (a) S 3 7 7 0 -1 0 0 0 0 0 20 30 400 500 20 0 1 0 8000 0 0\n");
  EXPECT_THAT(all_processes(proc.path()), testing::ElementsAre(7));
  const auto process = read_process(7, proc.path());
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(process->parent, 3);
  EXPECT_EQ(process->jiffies, 50);
  EXPECT_EQ(process->start_jiffies, 8000);
}

TEST(Processes, ANameMayHoldParenthesesAndBlanks) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NAME, "a) S 1 (b");
    ::pause();
    ::_exit(0);
  }
  std::optional<Process> process;
  do process = read_process(child);
  while (process && process->name != "a) S 1 (b");
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(process->parent, ::getpid());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(Processes, AreCountedWhileOthersEnd) {
  std::atomic<bool> done = false;
  std::thread forks([&] {
    while (!done) {
      const pid_t child = ::fork();
      if (child == 0) ::_exit(0);
      ::waitpid(child, nullptr, 0);
    }
  });
  for (int i = 0; i < 50; ++i) EXPECT_EQ(count_processes("moebench no such process "), 0);
  done = true;
  forks.join();
}

}  // namespace
}  // namespace moebench::machine
