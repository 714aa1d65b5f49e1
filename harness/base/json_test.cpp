#include "harness/base/json.h"

#include <gmock/gmock.h>

#include "harness/testing/error_of.h"

namespace moebench {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string error_for(const std::string& text) {
  return error_of([&] { parse_object(text, "f.json"); });
}

TEST(Json, ReadsWhatPythonWrites) {
  EXPECT_EQ(parse_object(R"({"a": "\ud83d\ude00"})", "f")["a"], "\xf0\x9f\x98\x80");
  EXPECT_EQ(parse_object("\xef\xbb\xbf{\"a\": 1e-05}\r\n", "f")["a"], 1e-5);
  EXPECT_EQ(parse_object(R"({"a\tb": [true, null, {"a\tb": {}}]})", "f").size(), 1u);
}

TEST(Json, KnowsTheLinesOfKeys) {
  KeyLines lines;
  parse_object("{\n\"a\": 1,\n\"b\": {\"c\": [{\"x\": 1}],\n\n\"d\":\n 2}, \"e\": \"\\n\"}\n", "f",
               &lines);
  EXPECT_THAT(lines,
              Eq(KeyLines{{"a", 2}, {"b", 3}, {"b/c", 3}, {"b/c/x", 3}, {"b/d", 5}, {"e", 6}}));
}

TEST(Json, SaysWhereAndWhy) {
  EXPECT_THAT(error_for("{\n \"a\": 1,\n}"),
              StartsWith("f.json:3: no well-formed JSON (column 1: syntax error"));
  EXPECT_THAT(error_for(""), StartsWith("f.json:1: no well-formed JSON (column 1: "));
  EXPECT_THAT(error_for("{\"a\": 1} x"), StartsWith("f.json:1: no well-formed JSON (column 10: "));
  EXPECT_THAT(error_for("{'a': 1}"), HasSubstr("f.json:1: "));
  EXPECT_THAT(error_for("{\"a\": 1} // x"), HasSubstr("f.json:1: "));
  EXPECT_THAT(error_for("{\"a\": 1e999}"), HasSubstr("f.json:1: no well-formed JSON (column 1"));
  EXPECT_THAT(error_for("[1]"), Eq("f.json: no JSON object; is this the right file?"));
}

TEST(Json, RefusesNumbersThatAreNone) {
  for (const char* literal : {"NaN", "Infinity", "-Infinity"}) {
    EXPECT_THAT(error_for(std::string("{\n\"a\": ") + literal + "}"),
                ::testing::AllOf(StartsWith("f.json:2: "),
                                 HasSubstr("JSON has no NaN and no Infinity: write a number")));
  }
}

TEST(Json, RefusesAKeyThatAppearsTwice) {
  EXPECT_THAT(error_for("{\"a\": 1,\n\"b\": {\"a\": 2},\n\"a\": 3}"),
              StartsWith("f.json:3: key 'a' appears twice"));
  EXPECT_THAT(error_for("{\"b\": [{\"a\": 2}, {\"a\": 2,\n\n\"a\": 3}]}"),
              StartsWith("f.json:3: key 'a' appears twice"));
}

TEST(Json, KnowsAGitLfsPointer) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
  EXPECT_THAT(error_for(pointer), HasSubstr("f.json is a pointer that git-lfs left"));
  EXPECT_THAT(error_for(pointer), HasSubstr("git lfs pull"));
}

}  // namespace
}  // namespace moebench
