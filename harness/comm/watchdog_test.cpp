#include "harness/comm/watchdog.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace moebench::comm {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kShortNs = 20'000'000, kLongNs = 3'600'000'000'000;

class WatchdogTest : public ::testing::Test {
 protected:
  Watchdog::Hooks hooks() {
    return {.begin = {},
            .error = [this] { return std::string(broken_ ? "a peer is gone" : ""); },
            .abort = [this] { ++aborts_; }};
  }
  static std::string wait_for_failure(const Watchdog& watchdog) {
    std::string failure;
    while ((failure = watchdog.failure()).empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return failure;
  }

  std::atomic<bool> broken_ = false;
  std::atomic<int> aborts_ = 0;
};

TEST_F(WatchdogTest, LeavesWorkAloneThatEnds) {
  std::atomic<int> asked = 0;
  {
    Watchdog watchdog(hooks(), kShortNs);
    watchdog.watch("all_gather", [&] { return ++asked > 0; });
    while (asked == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(watchdog.failure(), "");
  }
  EXPECT_EQ(aborts_, 0);
  EXPECT_EQ(asked, 1) << "work that has ended is forgotten";
}

TEST_F(WatchdogTest, AbortsWorkThatDoesNotEnd) {
  Watchdog watchdog(hooks(), kShortNs);
  watchdog.watch("all_gather", [] { return true; });
  watchdog.watch("reduce_scatter", [] { return false; });
  EXPECT_THAT(wait_for_failure(watchdog), HasSubstr("reduce_scatter did not end within 0.0 s"));
  EXPECT_EQ(aborts_, 1);
}

TEST_F(WatchdogTest, AbortsOnAnErrorWithoutWaiting) {
  Watchdog watchdog(hooks(), kLongNs);
  broken_ = true;
  EXPECT_EQ(wait_for_failure(watchdog), "a peer is gone");
  EXPECT_EQ(aborts_, 1);
}

}  // namespace
}  // namespace moebench::comm
