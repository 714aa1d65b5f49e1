#include "harness/machine/process_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/machine/proc_testing.h"

namespace moebench::machine {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr pid_t kDriver = 50, kTreeRoot = 100;

// The system's first process, a driver, what that started before, and the root of a run.
class ProcessTreeTest : public ::testing::Test {
 protected:
  ProcessTreeTest() {
    proc_.set({.pid = 1, .parent = 0, .start = 1});
    proc_.set({.pid = kDriver, .parent = 1, .start = 10});
    proc_.set({.pid = 60, .parent = kDriver, .start = 20});
    proc_.set({.pid = 61, .parent = 60, .start = 21});
    proc_.set({.pid = kTreeRoot, .parent = kDriver, .start = 1000});
  }

  static std::vector<pid_t> pids(ProcessTree& tree) {
    std::vector<pid_t> pids;
    for (const auto& member : tree.look()) pids.push_back(member.key.pid);
    return pids;
  }

  FakeProc proc_;
};

TEST_F(ProcessTreeTest, HoldsWhatTheRootStarts) {
  proc_.set({.pid = 101, .parent = kTreeRoot});
  proc_.set({.pid = 90, .parent = 101});
  ProcessTree tree(kTreeRoot, proc_.path());
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot, 101, 90));
  proc_.set({.pid = 102, .parent = 90});
  proc_.set({.pid = 62, .parent = 61});
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot, 101, 90, 102));
}

TEST_F(ProcessTreeTest, HoldsOrphansThatTheDriverInherits) {
  ProcessTree tree(kTreeRoot, proc_.path());
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot));
  proc_.set({.pid = 101, .parent = kDriver, .start = 1000});
  proc_.set({.pid = 102, .parent = 101, .start = 1001});
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot, 101, 102));
  proc_.remove(kTreeRoot);
  EXPECT_THAT(pids(tree), UnorderedElementsAre(101, 102));
}

TEST_F(ProcessTreeTest, AMemberStaysOneUnderAnotherParent) {
  proc_.set({.pid = 101, .parent = kTreeRoot});
  ProcessTree tree(kTreeRoot, proc_.path());
  pids(tree);
  proc_.set({.pid = 101, .parent = 1});
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot, 101));
}

TEST_F(ProcessTreeTest, APidThatWasGivenAgainIsAnotherProcess) {
  proc_.set({.pid = 101, .parent = kTreeRoot, .start = 1000});
  ProcessTree tree(kTreeRoot, proc_.path());
  pids(tree);
  proc_.set({.pid = 101, .parent = 1, .start = 2000});
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot));
  // And one of a stranger that a member has now is found, within a bounded number of looks.
  proc_.set({.pid = 61, .parent = kTreeRoot, .start = 3000});
  for (int i = 0; i < 64; ++i) pids(tree);
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot, 61));
}

TEST_F(ProcessTreeTest, AParentThatCannotBeReadIsFoundAtTheNextLook) {
  proc_.set({.pid = 102, .parent = 101});
  ProcessTree tree(kTreeRoot, proc_.path());
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot));
  proc_.set({.pid = 102, .parent = kDriver});
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot, 102));
}

TEST_F(ProcessTreeTest, ParentsInACircleEnd) {
  proc_.set({.pid = 101, .parent = 102});
  proc_.set({.pid = 102, .parent = 101});
  ProcessTree tree(kTreeRoot, proc_.path());
  EXPECT_THAT(pids(tree), UnorderedElementsAre(kTreeRoot));
}

TEST_F(ProcessTreeTest, IsEmptyWhereTheRootIsGone) {
  ProcessTree tree(4711, proc_.path());
  EXPECT_THAT(pids(tree), IsEmpty());
}

TEST(ProcessTree, FollowsRealProcesses) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  ProcessTree tree(child);
  const auto found = tree.look();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].key.pid, child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_THAT(tree.look(), IsEmpty());
}

}  // namespace
}  // namespace moebench::machine
