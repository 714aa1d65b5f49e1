#include "harness/measure/message_times.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace moebench::measure {
namespace {

std::int64_t of(const PhaseTimes& times, Phase phase) {
  return times[static_cast<std::size_t>(phase)];
}

TEST(HiddenTimes, EndWhenAMessageHasArrivedOrIsWaitedFor) {
  // The first arrives before anybody waits, of the second 20 of 50 ns are waited for.
  const std::vector<MessageTimes> messages = {{Phase::kGather, 100, 140, 200, 201},
                                              {Phase::kReduce, 300, 330, 330, 350}};
  const PhaseTimes times = hidden_times(messages);
  EXPECT_EQ(of(times, Phase::kGather), 40);
  EXPECT_EQ(of(times, Phase::kReduce), 30);
  EXPECT_EQ(of(times, Phase::kDispatch), 0);
}

TEST(HiddenTimes, CountMomentsWithSeveralMessagesOnce) {
  const std::vector<MessageTimes> messages = {{Phase::kGather, 0, 50, 100, 100},
                                              {Phase::kGather, 20, 80, 100, 100}};
  EXPECT_EQ(of(hidden_times(messages), Phase::kGather), 80);
}

TEST(HiddenTimes, AreNotThoseInWhichAnotherMessageIsWaitedFor) {
  // The gather is on its way from 0 to 100; from 30 to 60 the thread waits for a reduction.
  const std::vector<MessageTimes> messages = {{Phase::kReduce, 30, 30, 30, 60},
                                              {Phase::kGather, 0, 100, 110, 110}};
  const PhaseTimes times = hidden_times(messages);
  EXPECT_EQ(of(times, Phase::kGather), 70);
  EXPECT_EQ(of(times, Phase::kReduce), 0);
}

TEST(HiddenTimes, AreNoneOfAMessageThatIsWaitedForAtOnce) {
  const std::vector<MessageTimes> messages = {{Phase::kDispatch, 10, 10, 10, 90}};
  EXPECT_EQ(hidden_times(messages), PhaseTimes{});
}

TEST(MessageRecorder, KeepsTheMessagesOfItsThreadUntilTheyAreTaken) {
  add_message({Phase::kGather, 0, 5, 9, 9});  // of nobody
  MessageRecorder recorder;
  EXPECT_FALSE(recorder.take());
  add_message({Phase::kGather, 0, 40, 50, 50});
  std::thread([] { add_message({Phase::kGather, 0, 100, 100, 100}); }).join();
  const auto times = recorder.take();
  ASSERT_TRUE(times);
  EXPECT_EQ(of(*times, Phase::kGather), 40);
  EXPECT_FALSE(recorder.take());
}

}  // namespace
}  // namespace moebench::measure
