#include "tools/moebench/load_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/testing/error_of.h"
#include "tools/moebench/commands.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LoadResults : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("moebench_load_results_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A results folder with one cell.
  std::string make(const std::string& name) {
    const fs::path path = folder_ / name;
    fs::create_directories(path);
    record::CellRecord record;
    record.id = "0123456789ab";
    record.axes = {{"parallelism", "ep"}};
    record::append(path, record);
    return path.string();
  }

  fs::path folder_;
};

TEST_F(LoadResults, TellsTheRecordsOfSeveralFoldersApart) {
  const std::string a = make("a"), b = make("b");
  EXPECT_THAT(load_results({.folders = {a}}).at(0).axis("results"), "");
  const auto records = load_results({.folders = {a, b + "/results.jsonl"}});
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].axis("results"), "a");
  EXPECT_EQ(records[1].axis("results"), "b");
  EXPECT_EQ(load_results({.folders = {a, b}, .filters = {"results=b"}}).size(), 1U);
}

TEST_F(LoadResults, NamesFoldersAsShortlyAsTellsThemApart) {
  const std::string a = make("new/results"), b = make("old/results");
  EXPECT_THAT(labels_of({.folders = {a, b + "/"}}), ElementsAre("new/results", "old/results"));
  EXPECT_THAT(labels_of({.folders = {a, b}, .labels = {"x", "y"}}), ElementsAre("x", "y"));
  EXPECT_THAT(error_of([&] {
                labels_of({.folders = {a, a + "/../results"}});
              }),
              HasSubstr("named twice"));
  EXPECT_THAT(error_of([&] {
                labels_of({.folders = {a, b}, .labels = {"x"}});
              }),
              HasSubstr("--label has 1 names for 2 results folders"));
  EXPECT_THAT(error_of([&] {
                labels_of({.folders = {a, b}, .labels = {"x", "x"}});
              }),
              HasSubstr("two results folders one name"));
}

TEST_F(LoadResults, RefusesFoldersWithoutResults) {
  EXPECT_THAT(error_of([&] {
                load_results({.folders = {make("a"), (folder_ / "b").string()}});
              }),
              HasSubstr("it has no results.jsonl"));
}

TEST_F(LoadResults, ADiffNeedsTwoThings) {
  const std::string a = make("a");
  EXPECT_THAT(error_of([&] { run_command(DiffArguments{.folders = {a}}); }),
              HasSubstr("name a second one, or two of its cells with --from and --to"));
  EXPECT_THAT(error_of([&] {
                run_command(DiffArguments{.folders = {a, a, a}});
              }),
              HasSubstr("a diff is of one or two"));
  EXPECT_THAT(error_of([&] { run_command(ReportArguments{.folders = {a}, .columns = {"rank"}}); }),
              HasSubstr("--columns: no column 'rank'"));
  EXPECT_THAT(error_of([&] {
                run_command(ReportArguments{
                    .folders = {a}, .rows = {"parallelism"}, .out = a + "/results.jsonl"});
              }),
              HasSubstr("holds the results themselves"));
}

}  // namespace
}  // namespace moebench::cli
