#include "harness/comm/watchdog.h"

#include <gmock/gmock.h>

#include <atomic>

#include "harness/measure/clock.h"
#include "harness/testing/wait_until.h"

namespace moebench::comm {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kShortNs = 20'000'000, kLongNs = 3'600'000'000'000;

class WatchdogTest : public ::testing::Test {
 protected:
  Watchdog::Hooks hooks() {
    return {.begin = {},
            .error =
                [this] {
                  ++looks_;
                  return std::string(broken_ ? "a peer is gone" : "");
                },
            .abort = [this] { ++aborts_; }};
  }
  static Watchdog::Work work(std::string name, std::function<bool()> is_done) {
    return {std::move(name), [] { return true; }, std::move(is_done)};
  }
  static std::string wait_for_failure(const Watchdog& watchdog) {
    wait_until([&] { return !watchdog.failure().empty(); });
    return watchdog.failure();
  }
  void wait_for_abort() {
    wait_until([&] { return aborts_ > 0; });
  }
  // Waits until the watchdog has looked often enough, for long enough, to abort what is late.
  void let_the_limit_pass() {
    const int looks = looks_;
    const measure::Stopwatch watch;
    wait_until([&] { return looks_ > looks + 10 && watch.elapsed_ns() > 3 * kShortNs; });
  }

  std::atomic<bool> broken_ = false;
  std::atomic<int> looks_ = 0, aborts_ = 0;
};

TEST_F(WatchdogTest, LeavesWorkAloneThatEnds) {
  std::atomic<int> asked = 0;
  {
    Watchdog watchdog(hooks(), {kShortNs, kLongNs});
    watchdog.watch(work("all_gather", [&] { return ++asked > 0; }));
    wait_until([&] { return asked > 0; });
    EXPECT_EQ(watchdog.failure(), "");
  }
  EXPECT_EQ(aborts_, 0);
  EXPECT_EQ(asked, 1) << "work that has ended is forgotten";
}

TEST_F(WatchdogTest, AbortsWorkThatDoesNotEnd) {
  Watchdog watchdog(hooks(), {kShortNs, kLongNs});
  watchdog.watch(work("all_gather", [] { return true; }));
  watchdog.watch(work("reduce_scatter", [] { return false; }));
  EXPECT_THAT(wait_for_failure(watchdog), HasSubstr("reduce_scatter did not end within 0.0 s"));
  wait_for_abort();
  watchdog.stop();
  EXPECT_EQ(aborts_, 1);
}

TEST_F(WatchdogTest, CountsTheLimitFromWhereWorkBegins) {
  std::atomic<bool> first_has_ended = false, has_begun = false;
  Watchdog watchdog(hooks(), {kShortNs, kLongNs});
  watchdog.watch(work("all_gather", [&] { return first_has_ended.load(); }));
  watchdog.watch({"reduce_scatter", [&] { return has_begun.load(); }, [] { return false; }});
  first_has_ended = true;
  let_the_limit_pass();
  EXPECT_EQ(watchdog.failure(), "") << "its turn has not come yet";
  has_begun = true;
  EXPECT_THAT(wait_for_failure(watchdog), HasSubstr("reduce_scatter did not end"));
}

TEST_F(WatchdogTest, AbortsOnAnErrorWithoutWaiting) {
  Watchdog watchdog(hooks(), {kLongNs, kLongNs});
  broken_ = true;
  EXPECT_EQ(wait_for_failure(watchdog), "a peer is gone");
  wait_for_abort();
}

TEST_F(WatchdogTest, DoesNotAbortWithinACall) {
  Watchdog watchdog(hooks(), {kLongNs, kLongNs});
  {
    const Watchdog::Call call(watchdog, "all_gather");
    EXPECT_TRUE(call);
    broken_ = true;
    wait_for_failure(watchdog);
    EXPECT_EQ(aborts_, 0);
  }
  wait_for_abort();
}

TEST_F(WatchdogTest, RefusesCallsFromTheFailureOn) {
  Watchdog watchdog(hooks(), {kLongNs, kLongNs});
  broken_ = true;
  wait_for_failure(watchdog);
  const Watchdog::Call call(watchdog, "all_gather");
  EXPECT_FALSE(call);
  wait_for_abort();
}

TEST_F(WatchdogTest, AbortsUnderACallThatDoesNotReturn) {
  Watchdog watchdog(hooks(), {kShortNs, kShortNs});
  const Watchdog::Call call(watchdog, "all_to_all");
  EXPECT_THAT(wait_for_failure(watchdog), HasSubstr("all_to_all did not return within 0.0 s"));
  wait_for_abort();
}

TEST_F(WatchdogTest, AbortsNothingOnceItIsStopped) {
  Watchdog watchdog(hooks(), {kShortNs, kLongNs});
  watchdog.stop();
  broken_ = true;
  EXPECT_EQ(watchdog.failure(), "");
  EXPECT_EQ(aborts_, 0);
}

}  // namespace
}  // namespace moebench::comm
