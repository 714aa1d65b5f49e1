#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "harness/base/check.h"
#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/base/host_name.h"
#include "harness/base/parse.h"
#include "harness/base/scratch_buffer.h"
#include "harness/base/system_error.h"
#include "harness/base/words.h"
#include "harness/testing/error_of.h"

namespace moebench {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::filesystem::path fresh_folder() {
  // The folder is of this test alone: ctest runs tests side by side.
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = std::filesystem::path(::testing::TempDir()) /
                      (std::string("moebench_") + test->name() + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(Error, FormatsItsMessage) {
  EXPECT_STREQ(Error("axis '{}': {} does not divide {}", "ep_degree", 3, 8).what(),
               "axis 'ep_degree': 3 does not divide 8");
  EXPECT_STREQ(Error(std::string("braces {} stay")).what(), "braces {} stay");
}

TEST(SystemError, IsWhatTheUserCannotHaveNamedWrongly) {
  EXPECT_THROW(throw_errno(ENOSPC, "cannot write 'a'"), SystemError);
  try {
    throw_errno(ENOENT, "cannot write 'a'");
  } catch (const SystemError&) {
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cannot write 'a': No such file or directory");
  }
}

TEST(Hash, IsStableAndSpreads) {
  EXPECT_EQ(hash_hex("a"), hash_hex("a"));
  EXPECT_NE(hash_hex("ranks: 1"), hash_hex("ranks: 2"));
  EXPECT_EQ(hash_hex("", 6).size(), 6u);
}

TEST(File, ReadsBackWhatItWrote) {
  const auto path = fresh_folder() / "a.txt";
  write_file_atomically(path, "one\n");
  append_line(path, "two");
  EXPECT_EQ(read_file(path), "one\ntwo\n");
}

TEST(File, LeavesNoTemporaryAndKeepsTheOldContentWhenItCannotWrite) {
  const auto folder = fresh_folder();
  std::filesystem::create_directories(folder / "taken" / "inside");
  EXPECT_THAT(error_of([&] { write_file_atomically(folder / "taken", "x"); }),
              AllOf(HasSubstr("taken"), HasSubstr("directory")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(File, NamesTheFileItCannotRead) {
  const auto folder = fresh_folder();
  const auto missing = folder / "missing" / "file";
  EXPECT_THAT(error_of([&] { read_file(missing); }), HasSubstr(missing.string()));
  EXPECT_THROW(read_file(folder), Error);
}

TEST(File, ReadsNothingThatMayNeverEnd) {
  const auto folder = fresh_folder();
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { read_file(folder / "pipe"); }),
              AllOf(HasSubstr("pipe"), HasSubstr("it is a pipe; name a regular file")));
  EXPECT_THAT(error_of([] { read_file("/dev/zero"); }), HasSubstr("it is a device"));
  EXPECT_THAT(error_of([&] { read_file(folder); }), HasSubstr("it is a folder"));
  EXPECT_THAT(error_of([] { read_file(std::string(1000, 'a')); }),
              AllOf(HasSubstr("aaa... (1000 characters)"), HasSubstr("File name too long")));
}

TEST(File, ReadsNoMoreThanIsAllowed) {
  const auto path = fresh_folder() / "a";
  write_file_atomically(path, std::string(1 << 20, 'a'));
  EXPECT_EQ(read_file(path, 1 << 20).size(), 1U << 20);
  write_file_atomically(path, std::string((1 << 20) + 1, 'a'));
  EXPECT_THAT(error_of([&] { read_file(path, 1 << 20); }), HasSubstr("more than 1 MiB"));
  EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("Name:")) << "states a size of 0";
}

TEST(Trimmed, KeepsBlanksWithinAText) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(NameAndValue, AreWhatIsAroundTheFirstEqualsSign) {
  using Sides = std::pair<std::string, std::string>;
  EXPECT_EQ(name_and_value("a=b"), Sides("a", "b"));
  EXPECT_EQ(name_and_value(" a = b = c "), Sides("a", "b = c"));
  for (const char* text : {"", "a", "a=", " =b", "a= ", "="}) {
    EXPECT_EQ(name_and_value(text), std::nullopt) << text;
  }
}

TEST(Shortened, ShowsTheBeginningOfALongTextOnOneLine) {
  EXPECT_EQ(shortened("a\nb"), "a b");
  EXPECT_EQ(shortened(std::string(300, '9')), std::string(40, '9') + "... (300 characters)");
  EXPECT_EQ(shortened(std::string(61, '9'), 61).size(), 61U);
  EXPECT_EQ(shortened_words("a  b c"), "a  b c");
  EXPECT_EQ(shortened_words("no " + std::string(300, '9') + " here"),
            "no " + std::string(40, '9') + "... (300 characters) here");
}

TEST(Listed, EndsWhereNobodyReadsOn) {
  EXPECT_EQ(listed({"a", "b"}), "a, b");
  EXPECT_THAT(listed(std::vector<std::string>(1000, "a")), EndsWith("a, ... (1000 in all)"));
}

TEST(EnvironmentVariable, IsNotSetWhereItIsEmpty) {
  ::setenv("MOEBENCH_BASE_TEST", "", 1);
  EXPECT_EQ(environment_variable("MOEBENCH_BASE_TEST"), std::nullopt);
  ::setenv("MOEBENCH_BASE_TEST", "x", 1);
  EXPECT_EQ(environment_variable("MOEBENCH_BASE_TEST"), "x");
  EXPECT_EQ(environment_variable("MOEBENCH_BASE_TEST_NO_SUCH"), std::nullopt);
}

TEST(RankRanges, AreShortHoweverManyRanksThereAre) {
  EXPECT_EQ(rank_ranges({3}), "rank 3");
  EXPECT_EQ(rank_ranges({0, 1}), "ranks 0-1");
  EXPECT_EQ(rank_ranges({0, 1, 2, 7, 9, 10}), "ranks 0-2, 7, 9-10");
  std::vector<int> all(512), even;
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(rank_ranges(all), "ranks 0-511");
  for (int rank = 0; rank < 512; rank += 2) even.push_back(rank);
  EXPECT_EQ(rank_ranges(even), "ranks 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22 and 244 more");
}

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_number<int>("12"), 12);
  EXPECT_EQ(parse_number<double>("1e-3"), 1e-3);
  EXPECT_EQ(parse_hex<std::uint64_t>("ff"), 255U);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "x"}) {
    EXPECT_EQ(parse_number<int>(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_number<int>("4294967296"), std::nullopt);
  EXPECT_EQ(parse_leading_number<int>("5%"), std::pair(5, std::string_view("%")));
}

TEST(ScratchBuffer, KeepsMemoryAndContentThroughSmallerSizes) {
  ScratchBuffer buffer;
  std::byte* const whole = buffer.take(1000);
  std::fill_n(whole, 1000, std::byte{7});
  EXPECT_EQ(buffer.take(10), whole);
  EXPECT_EQ(buffer.take(1000), whole);
  EXPECT_EQ(std::count(whole, whole + 1000, std::byte{7}), 1000);
  EXPECT_EQ(buffer.capacity(), 1000);
  EXPECT_NE(buffer.take(1001), nullptr);
  EXPECT_EQ(buffer.capacity(), 1001);
}

TEST(CheckDeathTest, AbortsWithThePlace) {
  EXPECT_DEATH(MOEBENCH_CHECK(1 == 2), "base_test.cpp:.*1 == 2 does not hold");
}

TEST(Counted, HasOneWordForOne) {
  EXPECT_EQ(counted(0, "cell"), "0 cells");
  EXPECT_EQ(counted(1, "cell"), "1 cell");
  EXPECT_EQ(counted(2, "cell"), "2 cells");
}

TEST(ShortHostName, LeavesTheDomainAway) {
  EXPECT_EQ(short_host_name("node3.cluster.example"), "node3");
  EXPECT_EQ(short_host_name("node3"), "node3");
}

}  // namespace
}  // namespace moebench
