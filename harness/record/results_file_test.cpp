#include "harness/record/results_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/testing/error_of.h"

namespace moebench::record {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class ResultsFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) /
              (std::string("moebench_results_file_") + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file() const { return folder_ / "results.jsonl"; }

  static CellRecord record(const std::string& id, int repetition, const std::string& message = "") {
    CellRecord record;
    record.id = id;
    record.repetition = repetition;
    record.message = message;
    return record;
  }

  static CellRecord begun(const std::string& id, int repetition, const std::string& started_at) {
    CellRecord begun = record(id, repetition);
    begun.started_at = started_at;
    return begun;
  }

  // "id/repetition/message" of each record.
  std::vector<std::string> loaded() const {
    std::vector<std::string> names;
    for (const auto& r : load(folder_)) {
      names.push_back(fmt::format("{}/{}/{}", r.id, r.repetition, r.message));
    }
    return names;
  }

  std::filesystem::path folder_;
};

using Names = std::vector<std::string>;

TEST_F(ResultsFile, LoadsWhatWasAppendedInOrder) {
  EXPECT_EQ(loaded(), Names{});
  append(folder_, record("b", 0));
  append(folder_, record("a", 0));
  EXPECT_EQ(loaded(), (Names{"b/0/", "a/0/"}));
}

TEST_F(ResultsFile, ManyAreAppendedAtOnce) {
  append(folder_, record("b", 0));
  write_file_atomically(file(), read_file(file()) + "{\"cut");
  append_all(folder_, {record("a", 0), record("a", 1)});
  EXPECT_EQ(loaded(), (Names{"b/0/", "a/0/", "a/1/"}));
}

TEST_F(ResultsFile, TheLaterRecordOfARepetitionCountsAtTheFirstsPlace) {
  append(folder_, record("a", 0, "crashed"));
  append(folder_, record("a", 1));
  append(folder_, record("b", 0));
  append(folder_, record("a", 0, "rerun"));
  EXPECT_EQ(loaded(), (Names{"a/0/rerun", "a/1/", "b/0/"}));
}

TEST_F(ResultsFile, ADuplicateIsRefusedWhereEachCounts) {
  append(folder_, record("a", 0));
  append(folder_, record("a", 0));
  EXPECT_EQ(load(folder_).size(), 1U);
  EXPECT_THAT(error_of([&] { load(folder_, Duplicates::kRefuse); }),
              HasSubstr("results.jsonl:2: repetition 0 of cell a is there twice"));
}

TEST_F(ResultsFile, ALastLineCutShortIsDroppedWithAWarning) {
  const std::string line = to_json_line(record("a", 0));
  write_file_atomically(file(), line + "\n" + line.substr(0, 30));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(loaded(), (Names{"a/0/"}));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("results.jsonl:2: the last line was cut short"));
}

TEST_F(ResultsFile, AppendMovesALineCutShort) {
  const std::string line = to_json_line(record("a", 0));
  write_file_atomically(file(), line + "\n" + line.substr(0, 30));
  append(folder_, record("b", 0));
  EXPECT_EQ(read_file(file()), line + "\n" + to_json_line(record("b", 0)) + "\n");
  EXPECT_EQ(read_file(folder_ / "results.jsonl.bad"), line.substr(0, 30) + "\n");

  write_file_atomically(file(), line.substr(0, 30));
  append(folder_, record("b", 0));
  EXPECT_EQ(loaded(), (Names{"b/0/"}));
}

TEST_F(ResultsFile, AWholeLastLineWithoutNewlineIsKept) {
  write_file_atomically(file(), to_json_line(record("a", 0)));
  EXPECT_EQ(loaded(), (Names{"a/0/"}));
  append(folder_, record("b", 0));
  EXPECT_EQ(loaded(), (Names{"a/0/", "b/0/"}));
}

TEST_F(ResultsFile, BlankLinesAreIgnored) {
  const std::string a = to_json_line(record("a", 0)), b = to_json_line(record("b", 0));
  for (const std::string& text :
       {a + "\n\n" + b + "\n\n", "\n" + a + "\r\n\r\n" + b + "\r\n", a + "\n \t\n" + b + "\n  "}) {
    write_file_atomically(file(), text);
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(loaded(), (Names{"a/0/", "b/0/"}));
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  }
  append(folder_, record("c", 0));
  EXPECT_EQ(loaded(), (Names{"a/0/", "b/0/", "c/0/"}));
  write_file_atomically(file(), "\n");
  EXPECT_EQ(loaded(), Names{});
  write_file_atomically(file(), a + "\n\nnull\n");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(loaded(), (Names{"a/0/"}));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("results.jsonl:3: "));
}

TEST_F(ResultsFile, AMalformedLineCostsThatLineAlone) {
  const std::string a = to_json_line(record("a", 0)), b = to_json_line(record("b", 0));
  for (const std::string& malformed :
       {a.substr(0, 30), std::string("null"), std::string(3, '\0'), std::string("{}")}) {
    write_file_atomically(file(), a + "\n" + malformed + "\n" + b + "\n");
    std::vector<BadLine> bad;
    EXPECT_EQ(load(folder_, Duplicates::kLaterCounts, bad).size(), 2U);
    ASSERT_EQ(bad.size(), 1U);
    EXPECT_EQ(bad[0].number, 2U);
    EXPECT_THAT(bad[0].complaint, AllOf(HasSubstr("results.jsonl:2: "), HasSubstr("is left out"),
                                        Not(HasSubstr("exception"))));
    EXPECT_EQ(load_excerpts(folder_, {}, bad).size(), 2U);
    EXPECT_EQ(bad.size(), 2U);
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(loaded(), (Names{"a/0/", "b/0/"}));
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "warning: " + bad[0].complaint + "\n");
  }
}

TEST_F(ResultsFile, LinesSetAsideAreKeptBesideTheResults) {
  const std::string a = to_json_line(record("a", 0)), b = to_json_line(record("b", 0));
  write_file_atomically(file(), "nonsense\n" + a + "\n{\n" + b);
  std::vector<BadLine> bad;
  load(folder_, Duplicates::kLaterCounts, bad);
  const auto place = set_aside(bad).at(0);
  EXPECT_EQ(place, folder_ / "results.jsonl.bad");
  EXPECT_EQ(read_file(place), "nonsense\n{\n");
  EXPECT_EQ(read_file(file()), a + "\n" + b);
  bad.clear();
  write_file_atomically(file(), a + "\n[]\n");
  load(folder_, Duplicates::kLaterCounts, bad);
  set_aside(bad);
  EXPECT_EQ(read_file(place), "nonsense\n{\n[]\n");
  EXPECT_EQ(loaded(), (Names{"a/0/"}));
}

TEST_F(ResultsFile, CellsWithFilesOfTheirOwnAreReadWithTheRest) {
  append(folder_, record("x", 0));
  append_apart(folder_, begun("b", 0, "10:01"));
  append_apart(folder_, begun("a", 0, "10:02"));
  append_apart(folder_, begun("b", 1, "10:03"));
  EXPECT_EQ(loaded(), (Names{"x/0/", "b/0/", "b/1/", "a/0/"})) << "cells as they began";
  EXPECT_EQ(result_files(folder_).size(), 3U);
  const auto excerpts = load_excerpts(folder_, {});
  ASSERT_EQ(excerpts.size(), 4U);
  EXPECT_EQ(whole(excerpts[2]).started_at, "10:03");
  EXPECT_EQ(load(cell_file(folder_, "b")).size(), 2U);
}

TEST_F(ResultsFile, ACellGoesOnInItsOwnFile) {
  append(folder_, record("a", 0, "first"));
  append_apart(folder_, record("a", 0, "apart"));
  EXPECT_EQ(loaded(), (Names{"a/0/apart"}));
  append(folder_, record("a", 0, "last"));
  EXPECT_EQ(loaded(), (Names{"a/0/last"}));
  EXPECT_THAT(error_of([&] { load(folder_, Duplicates::kRefuse); }),
              HasSubstr("records/a.jsonl:1: repetition 0 of cell a is there twice"));
}

TEST_F(ResultsFile, ACellsFileIsMendedAsTheOtherIs) {
  append_apart(folder_, record("a", 0));
  const auto own = cell_file(folder_, "a");
  const std::string line = read_file(own);
  write_file_atomically(own, "nonsense\n" + line + "{\"cut");
  append_apart(folder_, record("a", 1));
  EXPECT_EQ(read_file(own.string() + ".bad"), "{\"cut\n");
  std::vector<BadLine> bad;
  EXPECT_EQ(load(folder_, Duplicates::kLaterCounts, bad).size(), 2U);
  set_aside(bad);
  EXPECT_EQ(read_file(own.string() + ".bad"), "{\"cut\nnonsense\n");
  EXPECT_EQ(loaded(), (Names{"a/0/", "a/1/"}));
}

TEST_F(ResultsFile, AllRecordsAreRemovedAndNothingElse) {
  EXPECT_FALSE(has_results(folder_));
  append(folder_, record("x", 0));
  append_apart(folder_, record("a", 0));
  write_file_atomically(folder_ / "other", "");
  remove_results(folder_);
  EXPECT_FALSE(has_results(folder_));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "other"));
}

TEST_F(ResultsFile, OfManyBadLinesTheFirstAreNamed) {
  std::string text = to_json_line(record("a", 0)) + "\n";
  for (int i = 0; i < 500; ++i) text += "x\n";
  write_file_atomically(file(), text);
  std::vector<BadLine> bad;
  load(folder_, Duplicates::kLaterCounts, bad);
  EXPECT_EQ(bad.size(), 500U);
  EXPECT_EQ(warnings_of(bad).size(), 11U);
  EXPECT_EQ(warnings_of(bad).back(), "and 490 more such lines");
}

TEST_F(ResultsFile, AFileOfAnotherVersionIsNoDamage) {
  std::string newer = to_json_line(record("a", 0));
  newer.replace(newer.find(":1"), 2, ":2");
  write_file_atomically(file(), to_json_line(record("b", 0)) + "\n" + newer + "\n");
  EXPECT_THAT(error_of([&] { load(folder_); }),
              AllOf(HasSubstr("results.jsonl:2: schema_version is 2"),
                    EndsWith("use the moebench that wrote it, or another results folder")));
}

TEST(FirstFormat, ResultsStayReadable) {
  const auto records = load(MOEBENCH_FIRST_FORMAT_FOLDER);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].id, "c71500d939f7");
  EXPECT_EQ(records[1].id, "cc12b56e7b8f");
  EXPECT_EQ(records[2].id, "5ee760a30c05");
  EXPECT_EQ(records[2].axis("routing"), "skewed(0.5)");
  EXPECT_EQ(records[2].workload, "93921d327d60");
  EXPECT_EQ(records[2].value("mem_peak"), 2001);
}

}  // namespace
}  // namespace moebench::record
