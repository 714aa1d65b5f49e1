#include "harness/comm/progress_thread.h"

#include <gtest/gtest.h>

namespace moebench::comm {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(ProgressThread, LooksWhileAMessageIsOnItsWay) {
  std::atomic<int> num_looks = 0;
  const auto await_looks = [&](int num) {
    while (num_looks < num) std::this_thread::sleep_for(milliseconds(1));
  };
  ProgressThread thread([&] { ++num_looks; }, microseconds(10));
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(num_looks, 0);
  thread.begin();
  thread.begin();
  await_looks(3);
  thread.end();
  await_looks(num_looks + 3);  // one is on its way still
  thread.end();
}

TEST(ProgressThread, EndsWhetherOrNotMessagesAreOnTheirWay) {
  for (const bool is_moving : {false, true}) {
    ProgressThread thread([] {}, microseconds(10));
    if (is_moving) thread.begin();
  }
}

}  // namespace
}  // namespace moebench::comm
