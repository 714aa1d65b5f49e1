#include "harness/comm/progress_thread.h"

#include <gtest/gtest.h>

#include <atomic>

namespace moebench::comm {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

struct CountedMessage : ProgressThread::Message {
  bool look() override { return ++num_looks == looks_until_there; }
  void await_looks(int num) const {
    while (num_looks < num) std::this_thread::sleep_for(milliseconds(1));
  }

  int looks_until_there = 1 << 30;
  std::atomic<int> num_looks = 0;
};

TEST(ProgressThread, LooksWhileAMessageIsOnItsWay) {
  CountedMessage first, second;
  ProgressThread thread(microseconds(10));
  thread.begin(first);
  thread.begin(second);
  first.await_looks(3);
  thread.end(first);
  const int num_looks = first.num_looks;
  second.await_looks(second.num_looks + 3);  // it is on its way still
  EXPECT_EQ(first.num_looks, num_looks);
  thread.end(second);
}

TEST(ProgressThread, LooksNoMoreAtWhatHasArrived) {
  CountedMessage there, moving;
  there.looks_until_there = 2;
  ProgressThread thread(microseconds(10));
  thread.begin(there);
  thread.begin(moving);
  there.await_looks(2);
  moving.await_looks(moving.num_looks + 3);
  EXPECT_EQ(there.num_looks, 2);
  thread.end(there);
  thread.end(moving);
}

TEST(ProgressThread, EndsWhetherOrNotMessagesAreOnTheirWay) {
  for (const bool is_moving : {false, true}) {
    CountedMessage message;
    ProgressThread thread(microseconds(10));
    if (is_moving) thread.begin(message);
  }
}

}  // namespace
}  // namespace moebench::comm
