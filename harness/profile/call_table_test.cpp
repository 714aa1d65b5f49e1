#include "harness/profile/call_table.h"

#include <gtest/gtest.h>

namespace moebench::profile {
namespace {

using measure::Phase;

std::int64_t own_total(const CallTable& table) {
  std::int64_t total = 0;
  for (const auto& [key, counts] : table) total += counts.own_ns;
  return total;
}

TEST(CallRecorder, BooksOwnAndCumulativeTimeByCaller) {
  CallRecorder recorder;
  recorder.start(Phase::kAttention, 100);
  recorder.begin("linear", 110);
  recorder.begin("mm", 115);
  recorder.end(145);
  recorder.end(150);
  recorder.begin("mm", 160);
  recorder.end(180);
  recorder.stop(200);
  const CallTable table = recorder.table();
  EXPECT_EQ(table.at({Phase::kAttention, "linear", ""}), (CallCounts{1, 1, 10, 40}));
  EXPECT_EQ(table.at({Phase::kAttention, "mm", "linear"}), (CallCounts{1, 1, 30, 30}));
  EXPECT_EQ(table.at({Phase::kAttention, "mm", ""}), (CallCounts{1, 1, 20, 20}));
  EXPECT_EQ(table.at({Phase::kAttention, "", ""}), (CallCounts{1, 1, 40, 100}));
  EXPECT_EQ(own_total(table), 100);
}

// This is as in a backward node, whose hook changes the phase within it.
TEST(CallRecorder, SplitsOwnTimeWhereThePhaseChangesWithinACall) {
  CallRecorder recorder;
  recorder.start(Phase::kLoss, 0);
  recorder.begin("node", 10);
  recorder.change_phase(Phase::kRouter, 14);
  recorder.end(20);
  recorder.stop(25);
  const CallTable table = recorder.table();
  EXPECT_EQ(table.at({Phase::kLoss, "node", ""}).own_ns, 4);
  EXPECT_EQ(table.at({Phase::kLoss, "node", ""}).calls, 0);
  EXPECT_EQ(table.at({Phase::kRouter, "node", ""}), (CallCounts{1, 1, 6, 10}));
  EXPECT_EQ(table.at({Phase::kLoss, "", ""}), (CallCounts{1, 1, 10, 14}));
  EXPECT_EQ(table.at({Phase::kRouter, "", ""}), (CallCounts{1, 1, 5, 11}));
  EXPECT_EQ(own_total(table), 25);
}

TEST(CallRecorder, CountsRecursionOnce) {
  CallRecorder recorder;
  recorder.start(Phase::kOther, 0);
  recorder.begin("f", 0);
  recorder.begin("f", 10);
  recorder.end(30);
  recorder.end(40);
  recorder.stop(40);
  CallCounts both;
  for (const auto& [key, counts] : recorder.table()) {
    if (key.function == "f") both.add(counts);
  }
  EXPECT_EQ(both, (CallCounts{2, 1, 40, 40}));
}

TEST(CallRecorder, IgnoresEndsOfWhatBeganBeforeAndClosesWhatIsOpen) {
  CallRecorder recorder;
  recorder.start(Phase::kOther, 0);
  recorder.end(5);
  recorder.begin("f", 10);
  recorder.stop(30);
  EXPECT_EQ(recorder.table().at({Phase::kOther, "f", ""}), (CallCounts{1, 1, 20, 20}));
  EXPECT_EQ(own_total(recorder.table()), 30);
}

TEST(CallTable, AddsUp) {
  CallTable a = {{{Phase::kOther, "f", ""}, {1, 1, 10, 20}}};
  add({{{Phase::kOther, "f", ""}, {2, 1, 5, 6}}, {{Phase::kData, "g", "f"}, {1, 1, 1, 1}}}, a);
  EXPECT_EQ(a.at({Phase::kOther, "f", ""}), (CallCounts{3, 2, 15, 26}));
  EXPECT_EQ(a.size(), 2u);
}

}  // namespace
}  // namespace moebench::profile
