#include "harness/config/yaml_reader.h"

#include <fmt/core.h>

#include "harness/config/config_testing.h"

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

YamlValue value_of(const std::string& text) {
  return YamlValue::parse("x: " + text, "f.yaml").entries().front().second;
}

TEST(EditDistance, CountsSwapsOnce) {
  EXPECT_EQ(edit_distance("axes", "axes"), 0u);
  EXPECT_EQ(edit_distance("axis", "axes"), 1u);
  EXPECT_EQ(edit_distance("rnaks", "ranks"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST(Suggestion, NamesTheNearestOrAll) {
  EXPECT_EQ(suggestion("axis", {"axes", "zip"}), "did you mean 'axes'?");
  EXPECT_EQ(suggestion("colour", {"axes", "zip"}), "use one of: axes, zip");
  EXPECT_EQ(suggestion("", {"ep"}), "use one of: ep");
}

TEST(Alternatives, AreJoined) {
  EXPECT_EQ(join_alternatives({"1"}), "1");
  EXPECT_EQ(join_alternatives({"1", "2", "4"}), "1, 2 or 4");
}

TEST(YamlValue, ReadsBooleansStrictly) {
  EXPECT_TRUE(value_of("true").boolean());
  EXPECT_TRUE(value_of("True").boolean());
  EXPECT_FALSE(value_of("false").boolean());
  EXPECT_FALSE(value_of("False").boolean());
  for (const char* text : {"yes", "no", "on", "1", "TRUE", "\"False\"", "[true]", ""}) {
    EXPECT_THROW(value_of(text).boolean(), Error) << text;
  }
}

TEST(YamlValue, ReadsNumbersStrictly) {
  EXPECT_EQ(value_of("12").integer(), 12);
  EXPECT_EQ(value_of("18446744073709551615").unsigned_integer(), 18446744073709551615u);
  EXPECT_EQ(value_of("5e-5").number(), 5e-5);
  for (const char* text :
       {"0", "-1", "2.0", "1_000", "12a", "0x10", "'12'", "9223372036854775808", "true", "~"}) {
    EXPECT_THROW(value_of(text).integer(), Error) << text;
  }
  for (const char* text : {"nan", ".inf", "inf", "1e999", "1.0.0", "'1'", "x"}) {
    EXPECT_THROW(value_of(text).number(), Error) << text;
  }
  EXPECT_THROW(value_of("-1").unsigned_integer(), Error);
}

TEST(YamlValue, ErrorsNameFileLineAndKey) {
  const YamlValue root = YamlValue::parse("a: 1\nb: two\n", "dir/f.yaml");
  EXPECT_EQ(error_of([&] { root.entries()[1].second.integer(); }),
            "dir/f.yaml:2: key 'b': expected a positive integer, got 'two'");
  EXPECT_EQ(error_of([] { value_of("'False'").boolean(); }),
            "f.yaml:1: key 'x': expected true or false, got the text 'False'; remove the quotes");
}

TEST(YamlValue, RejectsBrokenAndSeveralDocuments) {
  EXPECT_THAT(error_of([] { YamlValue::parse("a: 1\nb: [1,\nc: }", "f.yaml"); }),
              HasSubstr("f.yaml:3: not valid YAML"));
  EXPECT_THAT(error_of([] { YamlValue::parse("a: 1\n---\nb: 1\n", "f.yaml"); }),
              HasSubstr("several YAML documents"));
  EXPECT_THROW(YamlValue::parse("", "f.yaml").entries(), Error);
}

TEST(YamlMapping, RejectsUnknownAndRepeatedKeys) {
  const auto read = [](const std::string& text) {
    return error_of([&] { YamlMapping(YamlValue::parse(text, "f.yaml"), {"axes", "zip"}); });
  };
  EXPECT_EQ(read("axes: 1\nzip: 2"), "no error");
  // The line is the key's, where the value begins on the next.
  EXPECT_EQ(read("zip: 1\naxis:\n  a: 1"), "f.yaml:2: unknown key 'axis'; did you mean 'axes'?");
  EXPECT_EQ(read("zip: 1\nzip: 2"), "f.yaml:2: key 'zip' is written twice");
}

TEST(YamlValue, IsBounded) {
  const auto error = [](const std::string& text) {
    return error_of([&] { YamlValue::parse(text, "f.yaml"); });
  };
  EXPECT_EQ(error("a: " + std::string(60, '[') + std::string(60, ']')), "no error");
  EXPECT_EQ(error("b: 1\na: " + std::string(2000, '[')),
            "f.yaml:2: not valid YAML: nested more than 64 levels deep");
  std::string nested;
  for (int i = 0; i < 2000; ++i) nested += "{a: ";
  EXPECT_THAT(error(nested), HasSubstr("nested more than 64 levels deep"));
  std::string many = "[";
  for (int i = 0; i < 300'001; ++i) many += "1,";
  EXPECT_THAT(error(many + "]"), HasSubstr("more than 300000 values"));
  // Each level names the one before twice: 2^40 values, were they written out.
  std::string laughs = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) laughs += fmt::format("a{0}: &a{0} [*a{1}, *a{1}]\n", i, i - 1);
  EXPECT_EQ(error(laughs), "no error");
}

TEST(YamlValue, MergeKeysAreNamed) {
  const auto value = YamlValue::parse("a: &a {x: 1}\nb:\n  <<: *a\n", "f.yaml").entries()[1].second;
  EXPECT_EQ(error_of([&] { value.entries(); }),
            "f.yaml:3: key 'b': merge keys ('<<') are not supported; write its keys out");
}

TEST(YamlValue, LongTextsAreShortened) {
  const std::string digits(300, '9');
  for (const std::string& message : {error_of([&] { value_of(digits).integer(1, 10); }),
                                     error_of([&] { value_of(digits).unsigned_integer(); }),
                                     error_of([&] { value_of(digits + digits).number(); }),
                                     error_of([&] { value_of(digits).boolean(); })}) {
    EXPECT_THAT(message, HasSubstr("0 characters)"));
    EXPECT_LT(message.size(), 150U);
  }
}

}  // namespace
}  // namespace moebench::config
