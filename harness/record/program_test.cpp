#include "harness/record/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::record {
namespace {

using ::testing::ElementsAre;

CellRecord record(const std::string& id, int repetition, const std::string& hash,
                  const std::string& started_at) {
  CellRecord record;
  record.id = id;
  record.repetition = repetition;
  record.started_at = started_at;
  if (!hash.empty()) record.environment["worker_hash"] = hash;
  return record;
}

// "id/repetition" of each.
std::vector<std::string> names(const std::vector<CellRecord>& records) {
  std::vector<std::string> names;
  for (const CellRecord& r : records) names.push_back(r.id + "/" + std::to_string(r.repetition));
  return names;
}

TEST(Program, IsTheWorkersHashOrTheRevision) {
  CellRecord run = record("a", 0, "", "");
  EXPECT_EQ(program_of(run), "");
  run.environment = {{"git_sha", "0123abcd"}, {"git_dirty", "true"}};
  EXPECT_EQ(program_of(run), "git 0123abcd, dirty");
  run.environment["worker_hash"] = "f00";
  EXPECT_EQ(program_of(run), "worker f00");
}

TEST(Program, TheLatestOfEachCellCounts) {
  const auto parted =
      of_latest_programs({record("a", 0, "new", "2024-01-03"),  // a rerun in its place
                          record("a", 1, "old", "2024-01-01"), record("a", 2, "old", "2024-01-02"),
                          record("b", 0, "old", "2024-01-01")});
  EXPECT_THAT(names(parted.kept), ElementsAre("a/0", "b/0"));
  EXPECT_THAT(names(parted.left_out), ElementsAre("a/1", "a/2"));
}

TEST(Program, ARecordOfBeforeGoesWithAWorkerOfItsCleanRevision) {
  CellRecord before = record("a", 0, "", "2024-01-01"), now = record("a", 1, "f00", "2024-01-02");
  for (CellRecord* run : {&before, &now}) {
    run->environment["git_sha"] = "0123abcd";
    run->environment["git_dirty"] = "false";
  }
  EXPECT_THAT(names(of_latest_programs({before, now}).kept), ElementsAre("a/0", "a/1"));
  now.environment["git_dirty"] = "true";
  EXPECT_THAT(names(of_latest_programs({before, now}).kept), ElementsAre("a/1"));
}

TEST(Program, TheArmsOfASessionAreCellsOfTheirOwn) {
  CellRecord base = record("a", 0, "old", "2024-01-01"),
             candidate = record("a", 1, "new", "2024-01-02");
  base.pair = PairPlace{"a", 0, Arm::kBase, 0};
  candidate.pair = PairPlace{"a", 0, Arm::kCandidate, 1};
  EXPECT_THAT(names(of_latest_programs({base, candidate}).kept), ElementsAre("a/0", "a/1"));
}

TEST(Program, ARecordOfBeforeCountsByItsCleanRevision) {
  const Program program{.worker_hash = "f00", .git_sha = "0123abcd"};
  CellRecord run = record("a", 0, "", "");
  run.environment = {{"git_sha", "0123abcd"}, {"git_dirty", "false"}};
  EXPECT_EQ(origin_of(run, program), Origin::kThisByRevision);
  EXPECT_EQ(origin_of(run, {.worker_hash = "f00", .git_sha = "0123abcd", .is_dirty = true}),
            Origin::kOther);
  run.environment["git_dirty"] = "true";
  EXPECT_EQ(origin_of(run, program), Origin::kOther);
  run.environment = {};
  EXPECT_EQ(origin_of(run, program), Origin::kOther);
}

TEST(Program, TheWorkersHashDecidesWhereThereIsOne) {
  const Program program{.worker_hash = "f00", .git_sha = "0123abcd"};
  CellRecord run = record("a", 0, "f00", "");
  run.environment["git_sha"] = "other";
  EXPECT_EQ(origin_of(run, program), Origin::kThis);
  run.environment = {{"worker_hash", "bad"}, {"git_sha", "0123abcd"}, {"git_dirty", "false"}};
  EXPECT_EQ(origin_of(run, program), Origin::kOther);
}

}  // namespace
}  // namespace moebench::record
