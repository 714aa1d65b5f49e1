#include "harness/base/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace moebench {
namespace {

TEST(Printable, ControlCharactersAndBytesThatAreNoTextArePrinted) {
  EXPECT_EQ(printable("Δ — 10 % 漢 😀"), "Δ — 10 % 漢 😀");
  EXPECT_EQ(printable("a\tb\nc\rd"), "a b c d");
  EXPECT_EQ(printable("\x1b[2J\x07\x7f"), "\\x1b[2J\\x07\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m")
      << "the C1 form of ESC [";
  EXPECT_EQ(printable("\x9b\xff\xe2\x82"), "\\x9b\\xff\\xe2\\x82") << "cut short";
}

TEST(Printable, LinesStay) {
  EXPECT_EQ(printable_lines("a\x1b\n\nb\rc\n"), "a\\x1b\n\nb c\n");
  EXPECT_EQ(printable_lines(""), "");
}

TEST(Printable, MarkupIsText) {
  EXPECT_EQ(markup_text("<b> & \"c\"\n&lt;\x1b"), "&lt;b&gt; &amp; \"c\" &amp;lt;\\x1b");
}

TEST(Printable, WhatIsNoCharacterOrShowsAnotherTextIsPrinted) {
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond Unicode";
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\xe2\\x80\\xaeb")
      << "right to left from here on";
  EXPECT_EQ(printable("\xef\xbf\xbf"), "\\xef\\xbf\\xbf") << "U+FFFF, which XML forbids";
}

}  // namespace
}  // namespace moebench
