#include "reports/write/plain_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::reports {
namespace {

using ::testing::ElementsAre;

TEST(PlainText, LinesAreBrokenAtSpaces) {
  EXPECT_THAT(wrap("one two three", 7, LongWords::kCut), ElementsAre("one two", "three"));
  EXPECT_THAT(wrap("one two", 7, LongWords::kCut), ElementsAre("one two"));
  EXPECT_THAT(wrap("", 7, LongWords::kCut), ElementsAre(""));
  EXPECT_THAT(wrap("αβγ δε", 4, LongWords::kCut), ElementsAre("αβγ", "δε"));
}

TEST(PlainText, LongWordsAreCutOrKept) {
  EXPECT_THAT(wrap("a αβγδε", 3, LongWords::kCut), ElementsAre("a", "αβγ", "δε"));
  EXPECT_THAT(wrap("a abcde", 3, LongWords::kKeep), ElementsAre("a", "abcde"));
  EXPECT_EQ(longest_word("a αβγδε bc"), 5u);
}

}  // namespace
}  // namespace moebench::reports
