#include "reports/write/plain_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::reports {
namespace {

using ::testing::ElementsAre;

TEST(PlainText, ControlCharactersAndBytesThatAreNoTextArePrinted) {
  EXPECT_EQ(printable("Δ — 10 %"), "Δ — 10 %");
  EXPECT_EQ(printable("a\tb\nc\rd"), "a b c d");
  EXPECT_EQ(printable("\x1b[2J\x07\x7f"), "\\x1b[2J\\x07\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m")
      << "the C1 form of ESC [";
  EXPECT_EQ(printable("\x9b\xff\xe2\x82"), "\\x9b\\xff\\xe2\\x82") << "cut short";
}

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
