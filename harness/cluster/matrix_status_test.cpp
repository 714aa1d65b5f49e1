#include "harness/cluster/matrix_status.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/test_folder.h"

namespace moebench::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = JobAnswer::Kind;

constexpr const char* kBefore = "2026-01-01T00:00:00Z";
constexpr const char* kSubmitted = "2026-01-02T00:00:00Z";
constexpr const char* kAfter = "2026-01-03T00:00:00Z";

class MatrixStatusTest : public ::testing::Test {
 protected:
  // A submission of cells a and b, which each lack two repetitions.
  static record::Submission submission(const std::string& job,
                                       std::vector<record::SubmittedTask> tasks) {
    return {.job = job,
            .submitted_at = kSubmitted,
            .tasks = std::move(tasks),
            .cells = {{.id = "a", .name = "a", .repetitions = 2, .pending = 2},
                      {.id = "b", .name = "b", .repetitions = 2, .pending = 2}}};
  }

  void add(const std::string& id, int repetition, const char* started_at,
           record::Disposition disposition = record::Disposition::kOk) {
    record::CellRecord record;
    record.id = id;
    record.repetition = repetition;
    record.started_at = started_at;
    record.disposition = disposition;
    records_.push_back(record);
  }

  MatrixStatus status(const std::vector<record::Submission>& submissions) const {
    return matrix_status(folder_.path(), submissions, records_,
                         [&](const std::string& job) { return answers_.at(job); });
  }

  // "state ok job note" of each cell.
  static std::vector<std::string> states(const MatrixStatus& status) {
    std::vector<std::string> states;
    for (const CellStatus& cell : status.cells) {
      states.push_back(
          fmt::format("{} {} {} {}", to_string(cell.state), cell.num_ok, cell.job, cell.note));
    }
    return states;
  }

  static JobAnswer known(int index, JobPhase phase, const std::string& word) {
    return {.kind = Kind::kKnown, .tasks = {{.index = index, .phase = phase, .word = word}}};
  }

  TestFolder folder_;
  std::vector<record::CellRecord> records_;
  std::map<std::string, JobAnswer> answers_;
};

TEST_F(MatrixStatusTest, FollowsAJobThroughItsCells) {
  const std::vector submissions = {submission("7", {{.cells = {"a", "b"}}})};
  answers_["7"] = known(-1, JobPhase::kQueued, "PENDING");
  answers_["7"].tasks[0].reason = "Resources";
  EXPECT_THAT(states(status(submissions)),
              ElementsAre("queued 0 7 Resources", "queued 0 7 Resources"));

  answers_["7"] = known(-1, JobPhase::kRunning, "RUNNING");
  add("a", 0, kAfter);
  std::filesystem::create_directories(folder_.path() / "cells/a/1");
  EXPECT_THAT(states(status(submissions)),
              ElementsAre("running 1 7 ", "queued 0 7 in a running job"));
  EXPECT_FALSE(status(submissions).is_over());

  add("a", 1, kAfter);
  add("b", 0, kAfter);
  add("b", 1, kAfter);
  answers_["7"] = known(-1, JobPhase::kEnded, "COMPLETED");
  EXPECT_THAT(states(status(submissions)), ElementsAre("done 2 7 ", "done 2 7 "));
  EXPECT_TRUE(status(submissions).is_over() && status(submissions).is_complete());
}

TEST_F(MatrixStatusTest, AJobThatEndedLeavesFailedAndMissingCells) {
  const std::vector submissions = {submission("7", {{.cells = {"a", "b"}}})};
  answers_["7"] = known(-1, JobPhase::kEnded, "TIMEOUT");
  add("a", 0, kAfter, record::Disposition::kCrashed);
  const MatrixStatus ended = status(submissions);
  EXPECT_EQ(states(ended)[0], "failed 0 7 crashed");
  EXPECT_THAT(states(ended)[1], HasSubstr("missing 0 7 its job is TIMEOUT; log: "));
  EXPECT_THAT(states(ended)[1], HasSubstr("slurm-7.out"));
  EXPECT_TRUE(ended.is_over());
  EXPECT_FALSE(ended.is_complete());
}

TEST_F(MatrixStatusTest, AKnownFailureIsNoFailure) {
  answers_["7"] = known(-1, JobPhase::kEnded, "COMPLETED");
  for (const char* id : {"a", "b"}) {
    for (const int repetition : {0, 1}) add(id, repetition, kAfter);
  }
  records_[3].disposition = record::Disposition::kCrashed;
  records_[3].known_failure = {.reason = "a driver's", .until = ""};
  EXPECT_TRUE(status({submission("7", {{.cells = {"a", "b"}}})}).is_complete());
}

TEST_F(MatrixStatusTest, ACellIsTheBusinessOfTheJobThatHadItLast) {
  answers_["7"] = known(-1, JobPhase::kEnded, "CANCELLED");
  answers_["8"] = {.kind = Kind::kKnown,
                   .tasks = {{.index = 0, .phase = JobPhase::kEnded, .word = "COMPLETED"},
                             {.index = 1, .phase = JobPhase::kQueued, .word = "PENDING"}}};
  add("a", 0, kBefore);
  add("a", 1, kBefore);
  add("b", 0, kBefore, record::Disposition::kCrashed);
  const MatrixStatus now = status(
      {submission("7", {{.cells = {"a", "b"}}}), submission("8", {{.index = 1, .cells = {"b"}}})});
  EXPECT_THAT(states(now), ElementsAre("done 2 7 ", "queued 0 8_1 "))
      << "the failure of before is to be run again";
  ASSERT_EQ(now.jobs.size(), 1U) << "job 7 is over";
  EXPECT_EQ(now.jobs[0].job, "8_1");
}

TEST_F(MatrixStatusTest, WhatIsMeasuredAgainIsNotDoneYet) {
  answers_["7"] = known(-1, JobPhase::kQueued, "PENDING");
  add("a", 0, kBefore);
  add("a", 1, kBefore);
  EXPECT_EQ(states(status({submission("7", {{.cells = {"a", "b"}}})}))[0], "queued 2 7 ");
}

TEST_F(MatrixStatusTest, WithoutAnAnswerTheRecordsAloneAreTold) {
  add("a", 0, kAfter);
  add("a", 1, kAfter);
  for (const Kind kind : {Kind::kNobody, Kind::kNoAnswer}) {
    answers_["7"] = {.kind = kind, .complaint = "squeue: no controller"};
    const MatrixStatus told = status({submission("7", {{.cells = {"a", "b"}}})});
    EXPECT_THAT(states(told), ElementsAre("done 2 7 ", "not known 0 7 "));
    EXPECT_FALSE(told.is_over());
    EXPECT_EQ(told.notes.size(), 1U);
  }
  answers_["7"] = {.kind = Kind::kForgotten};
  const MatrixStatus forgotten = status({submission("7", {{.cells = {"a", "b"}}})});
  EXPECT_THAT(states(forgotten), ElementsAre("done 2 7 ", "missing 0 7 "));
  EXPECT_TRUE(forgotten.is_over());
}

}  // namespace
}  // namespace moebench::cluster
