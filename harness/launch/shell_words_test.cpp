#include "harness/launch/shell_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"

namespace moebench::launch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> split(const std::string& text) {
  return split_shell_words(text, "--launcher-args");
}

TEST(ShellWords, AreThoseOfAShell) {
  EXPECT_THAT(split("--mca pml  ucx\t-x A=1\n"), ElementsAre("--mca", "pml", "ucx", "-x", "A=1"));
  EXPECT_THAT(split(R"(-x 'B=two words' "it's \"C\" \n" d\ e '')"),
              ElementsAre("-x", "B=two words", R"(it's "C" \n)", "d e", ""));
  EXPECT_THAT(split(R"(a'b'"c"$HOME)"), ElementsAre("abc$HOME"));
  EXPECT_THAT(split("  "), IsEmpty());
}

TEST(ShellWords, AnOpenQuoteIsAnError) {
  for (const char* text : {"a 'b", "a \"b", "a\\"}) {
    EXPECT_THAT(error_of([&] { split(text); }), HasSubstr("--launcher-args: "));
  }
}

TEST(ShellWords, QuotedIsOneWordAgain) {
  const std::string word = "it's a \"$HOME\" \\";
  EXPECT_THAT(split(shell_quoted(word)), ElementsAre(word));
  EXPECT_EQ(joined_shell_words({"--mca", "pml", "a b", ""}), "--mca pml 'a b' ''");
}

}  // namespace
}  // namespace moebench::launch
