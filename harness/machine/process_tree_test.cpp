#include "harness/machine/process_tree.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace moebench::machine {
namespace {

TEST(ProcessTree, ThisProcessItsLauncherAndWhatItStartsAreOfTheRun) {
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

TEST(ProcessTree, OthersAreNot) {
  EXPECT_FALSE(is_of_this_run(1));
  EXPECT_FALSE(is_of_this_run(0));
  EXPECT_FALSE(is_of_this_run(1 << 30));  // beyond the largest that Linux gives
}

}  // namespace
}  // namespace moebench::machine
