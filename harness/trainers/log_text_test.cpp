#include "harness/trainers/log_text.h"

#include <gmock/gmock.h>

#include <cmath>

#include "harness/trainers/log_json.h"

namespace moebench::trainers {
namespace {

TEST(LogText, NumbersAsTrainersPrintThem) {
  EXPECT_EQ(number_of("1,234,567"), 1234567);
  EXPECT_EQ(number_of("+3.5"), 3.5);
  EXPECT_EQ(number_of("1.015625E+01"), 10.15625);
  EXPECT_EQ(number_of("-inf"), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(number_of("nan").value_or(0)));
  for (const char* text : {"", "+", "++1", "1.2.3", "abc", "1e999", "0x10", "12 "}) {
    EXPECT_EQ(number_of(text), std::nullopt) << text;
  }
  EXPECT_EQ(number_of(std::string(1000, '1')), std::nullopt);
}

TEST(LogText, NumbersBehindLabels) {
  EXPECT_EQ(number_after("loss:  1.5  norm: 2", "loss:"), 1.5);
  EXPECT_EQ(number_after("a=10, b=2", "a="), 10);
  EXPECT_EQ(number_after("tps: 1,234,567 ", "tps:"), 1234567);
  EXPECT_EQ(number_after("GPU: 24.7MODEL_TFLOP/s", "GPU:"), 24.7);
  EXPECT_EQ(number_after("tps 16384.00(2048.00/gpu)", "tps "), 16384);
  EXPECT_EQ(number_after("MaxMemAllocated=21.5GB", "MaxMemAllocated="), 21.5);
  EXPECT_TRUE(std::isnan(number_after("loss:      nan  x", "loss:").value_or(0)));
  EXPECT_EQ(number_after("loss: nano", "loss:"), std::nullopt);
  EXPECT_EQ(number_after("loss:", "loss:"), std::nullopt);
  EXPECT_EQ(number_after("no label", "loss:"), std::nullopt);
}

TEST(LogText, CountsDoNotOverflow) {
  EXPECT_EQ(count_after("step 00000007/00000100", "step "), 7);
  EXPECT_EQ(count_after("step 1000000000000", "step "), kMaxStep);
  EXPECT_EQ(count_after("step 1000000000001", "step "), std::nullopt);
  EXPECT_EQ(count_after("step 9223372036854775807", "step "), std::nullopt);
  EXPECT_EQ(count_after("step 99999999999999999999999", "step "), std::nullopt);
  EXPECT_EQ(count_after("step -1", "step "), std::nullopt);
}

TEST(LogText, Dates) {
  const auto begin = seconds_of_date("2026-02-28T23:59:59");
  const auto end = seconds_of_date("2026-03-01 00:00:00.25");
  ASSERT_TRUE(begin && end);
  EXPECT_DOUBLE_EQ(*end - *begin, 1.25);
  EXPECT_EQ(seconds_of_date("1970-01-01T00:00:10"), 10);
  EXPECT_EQ(seconds_of_date("2026-02-30T00:00:00"), std::nullopt);
  EXPECT_EQ(seconds_of_date("yesterday"), std::nullopt);
}

TEST(LogText, DecorationIsTakenOff) {
  std::string buffer;
  EXPECT_EQ(without_decoration("plain", buffer), "plain");
  EXPECT_EQ(without_decoration("\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mx\x1b[39m", buffer), "red x");
  EXPECT_EQ(without_decoration("[rank0]:step", buffer), "step");
  EXPECT_EQ(without_decoration("[default12]: [rank3]: step", buffer), "step");
  EXPECT_EQ(without_decoration("[1,0]<stdout>: step", buffer), "step");
  EXPECT_EQ(without_decoration("[Rank 0] (after", buffer), "[Rank 0] (after");
  EXPECT_EQ(without_decoration("[2026-01-01 x] y", buffer), "[2026-01-01 x] y");
  for (const char* text : {"\x1b", "\x1b[", "\x1b[31", "[", "[rank", "[rank0", "[1,"}) {
    without_decoration(text, buffer);
  }
}

TEST(LogJson, ReadsWhatPythonPrints) {
  const auto object = parse_dictionary(
      R"( {'loss': nan, 'a': '1e-05', "b": -Infinity, 'c': None, 'd': True, 'e': "it's", 'f': 'a"b'} )");
  ASSERT_TRUE(object);
  EXPECT_TRUE(std::isnan(number_in(*object, "loss").value_or(0)));
  EXPECT_EQ(number_in(*object, "a"), 1e-5);
  EXPECT_EQ(number_in(*object, "b"), -HUGE_VAL);
  EXPECT_EQ(number_in(*object, "c"), std::nullopt);
  EXPECT_EQ(text_in(*object, "e"), "it's");
  EXPECT_EQ(text_in(*object, "f"), "a\"b");
}

TEST(LogJson, RefusesTheRest) {
  for (const char* text : {"", "{", "{'a': tensor(1)}", "['a']", "{'a'", "{\"a\\", "}{"}) {
    EXPECT_FALSE(parse_dictionary(text)) << text;
  }
  EXPECT_FALSE(parse_dictionary("{\"a\": " + std::string(100000, '[') + "}"));
}

TEST(LogJson, CountsAreWholeAndWithinBounds) {
  const Json object = {{"a", 3}, {"b", 2.5}, {"c", -1}, {"d", "7"}, {"e", 1e300}, {"f", "nan"}};
  EXPECT_EQ(count_in(object, "a"), 3);
  EXPECT_EQ(count_in(object, "d"), 7);
  for (const char* key : {"b", "c", "e", "f", "none"}) {
    EXPECT_EQ(count_in(object, key), std::nullopt) << key;
  }
}

}  // namespace
}  // namespace moebench::trainers
