#include "reports/write/format_value.h"

#include <gtest/gtest.h>

namespace moebench::reports {
namespace {

TEST(FormatValue, SignedNumbersHaveTheirSign) {
  EXPECT_EQ(format_signed(1.5), "+1.50");
  EXPECT_EQ(format_signed(-1.5), "-1.50");
  EXPECT_EQ(format_signed(0), "0");
  EXPECT_EQ(format_signed(std::nullopt), kNone);
}

TEST(FormatValue, NumbersHaveAtLeastThreeSignificantDigits) {
  EXPECT_EQ(format_number(54.8), "54.8");
  EXPECT_EQ(format_number(4019), "4019");
  EXPECT_EQ(format_number(4.0351), "4.04");
  EXPECT_EQ(format_number(0.01234), "0.0123");
  EXPECT_EQ(format_number(-2.5), "-2.50");
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(std::nullopt), "—");
}

TEST(FormatValue, CountsAreWhole) {
  EXPECT_EQ(format_count(1234567), "1234567");
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(std::nullopt), "—");
}

TEST(FormatValue, ChangesPrintTheirSign) {
  EXPECT_EQ(format_change(45.5 / 54.8 - 1), "-17.0 %");
  EXPECT_EQ(format_change(0.05), "+5.0 %");
  EXPECT_EQ(format_change(-0.0001), "0.0 %");
  EXPECT_EQ(format_share(0.341), "34.1 %");
  EXPECT_EQ(format_factor(4019.0 / 996), "4.04x");
  EXPECT_EQ(format_factor(std::nullopt), "—");
}

TEST(FormatValue, ExactNumbersReadBack) {
  EXPECT_EQ(format_exact(54.8e9), "54800000000");
  EXPECT_EQ(std::stod(format_exact(1.0 / 3)), 1.0 / 3);
}

TEST(FormatValue, BytesGetTheUnitOfTheLargest) {
  EXPECT_STREQ(byte_unit({1e6, std::nullopt, 2e9}).name, "GB");
  EXPECT_STREQ(byte_unit({999e6}).name, "MB");
  EXPECT_STREQ(byte_unit({1000}).name, "kB");
  EXPECT_STREQ(byte_unit({std::nullopt}).name, "B");
}

TEST(FormatValue, TextIsCutAndMeasuredInCodePoints) {
  EXPECT_EQ(text_width("a—b"), 3u);
  EXPECT_EQ(shorten("a—b", 3), "a—b");
  EXPECT_EQ(shorten("a—bc", 3), "a—…");
  EXPECT_EQ(first_line("one\ntwo"), "one");
  EXPECT_EQ(first_line(""), "");
}

}  // namespace
}  // namespace moebench::reports
