#include "harness/session/pending.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::session {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const record::Program kProgram{.worker_hash = "now", .git_sha = "0123abcd"};

class PendingTest : public ::testing::Test {
 protected:
  PendingTest() {
    cell_.model.name = "toy";
    cell_.repeats = 2;
    plan_ = make_plan({cell_}, Order::kListed, 0);
  }

  void recorded(int repetition, const record::Environment& environment,
                Disposition disposition = Disposition::kOk) {
    CellRecord record;
    record.id = cell_.id();
    record.repetition = repetition;
    record.disposition = disposition;
    record.environment = environment;
    records_[{record.id, repetition}] = record;
  }
  Pending find(bool keep_other_builds = false) const {
    return find_pending(
        plan_, records_, [](const auto&) { return kProgram; }, keep_other_builds);
  }

  config::CellConfig cell_;
  std::vector<PlannedRun> plan_;
  Records records_;
};

TEST_F(PendingTest, WhatThisWorkerMeasuredCounts) {
  recorded(0, {{"worker_hash", "now"}});
  const Pending pending = find();
  EXPECT_THAT(pending.runs, SizeIs(1));
  EXPECT_EQ(origin_notes(pending, false), "");
  EXPECT_EQ(plan_note(plan_[0], records_, pending), "skip repetition 0, recorded ok");
  EXPECT_EQ(plan_note(plan_[1], records_, pending), "run repetition 1");
}

TEST_F(PendingTest, WhatWasNotHeldToTheTransportIsMeasuredAgain) {
  cell_.ranks = 2;
  cell_.require_transport = "tcp";
  plan_ = make_plan({cell_}, Order::kListed, 0);
  recorded(0, {{"worker_hash", "now"}});
  recorded(1, {{"worker_hash", "now"}, {"required_transport", "tcp"}});
  EXPECT_THAT(find().runs, SizeIs(1));
  EXPECT_EQ(counted_records(
                {cell_}, records_, [](const auto&) { return kProgram; }, false)
                .size(),
            1);
}

TEST_F(PendingTest, WhatAnotherWorkerMeasuredIsMeasuredAgainAndSaid) {
  recorded(0, {{"worker_hash", "before"}});
  recorded(1, {{"worker_hash", "long ago"}});
  EXPECT_THAT(find().runs, SizeIs(2));
  EXPECT_THAT(
      origin_notes(find(), false),
      HasSubstr("2 results by another program (worker before; worker long ago) not counted"));
  EXPECT_EQ(plan_note(plan_[0], records_, find()),
            "run again repetition 0, recorded ok by worker before");
  EXPECT_THAT(find(true).runs, IsEmpty());
  EXPECT_THAT(origin_notes(find(true), true), HasSubstr("kept; tables mark the rows"));
}

TEST_F(PendingTest, ARecordOfBeforeCountsByItsRevision) {
  recorded(0, {{"git_sha", "0123abcd"}, {"git_dirty", "false"}});
  recorded(1, {{"git_sha", "0123abcd"}, {"git_dirty", "true"}});
  EXPECT_THAT(find().runs, SizeIs(1));
  EXPECT_THAT(origin_notes(find(), false),
              AllOf(HasSubstr("1 result by another program (git 0123abcd, dirty)"),
                    HasSubstr("1 result without the worker's name counted")));
}

TEST_F(PendingTest, AFailureIsPendingWhoeverMadeIt) {
  recorded(0, {{"worker_hash", "before"}}, Disposition::kCrashed);
  EXPECT_THAT(find(true).runs, SizeIs(2));
  EXPECT_EQ(find().num_by_others, 0);
}

TEST_F(PendingTest, WithoutAWorkerAllResultsCount) {
  recorded(0, {{"worker_hash", "before"}});
  EXPECT_THAT(find_pending(
                  plan_, records_, [](const auto&) { return std::nullopt; }, false)
                  .runs,
              SizeIs(1));
}

}  // namespace
}  // namespace moebench::session
