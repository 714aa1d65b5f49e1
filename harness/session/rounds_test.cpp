#include "harness/session/rounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/record/record.h"

namespace moebench::session {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two arms, fsdp and ep, of one comparison.
class RoundsTest : public ::testing::Test {
 protected:
  RoundsTest() {
    for (const auto parallelism : {config::Parallelism::kFsdp, config::Parallelism::kEp}) {
      config::CellConfig cell;
      cell.model.name = "toy";
      cell.scenario = "s";
      cell.scenarios = {"s"};
      cell.parallelism = parallelism;
      cell.repeats = 3;
      cells_.push_back(cell);
    }
  }

  void set_auto(double gain_width, std::int64_t max_repeats) {
    for (auto& cell : cells_) {
      cell.repeats_auto = true;
      cell.gain_width = gain_width;
      cell.max_repeats = max_repeats;
    }
  }

  CellRecord& record(std::size_t cell, int repetition, double runtime = 1e9) {
    CellRecord& record = records_[{cells_[cell].id(), repetition}];
    record.id = cells_[cell].id();
    record.repetition = repetition;
    record.axes = cells_[cell].axes();
    record.metrics["runtime"] = {.unit = "ns", .value = runtime};
    record.metrics["other_cores"] = {.unit = "1", .value = 0};
    return record;
  }
  // A round in which ep takes `ratio` times as long; `busy` cores beside it alone.
  void round(int repetition, double ratio = 1, double busy = 0) {
    record(0, repetition);
    record(1, repetition, 1e9 * ratio).metrics["other_cores"].value = busy;
  }

  RecordViews views() const {
    RecordViews views;
    for (const auto& [key, record] : records_) views.emplace(key, &record);
    return views;
  }
  // Repetitions that the two cells want.
  std::vector<std::int64_t> wanted(const RoundRules& rules = {}) const {
    std::vector<std::int64_t> repeats;
    for (const auto& cell : Rounds(cells_, rules).wanted(views())) repeats.push_back(cell.repeats);
    return repeats;
  }
  std::string report(int repetition) const {
    return Rounds(cells_, {}).report(views(), repetition);
  }

  std::vector<config::CellConfig> cells_;
  Records records_;
};

TEST_F(RoundsTest, AreThosePlannedWhereNothingDisturbs) {
  EXPECT_THAT(wanted(), ElementsAre(3, 3));
  for (int i = 0; i < 3; ++i) round(i);
  EXPECT_THAT(wanted(), ElementsAre(3, 3));
  EXPECT_EQ(report(2), "");
}

TEST_F(RoundsTest, AreMadeAgainWhereSomethingDisturbs) {
  round(0);
  round(1, 1, 0.4);
  EXPECT_THAT(report(1), HasSubstr("repetition 1: other processes took 0.40 cores more beside the "
                                   "parallelism=ep"));
  EXPECT_THAT(report(1), HasSubstr(": run again\n"));
  EXPECT_THAT(wanted(), ElementsAre(3, 3)) << "first those planned";
  round(2);
  EXPECT_THAT(wanted(), ElementsAre(4, 4));
  record(0, 3);
  EXPECT_THAT(wanted(), ElementsAre(4, 4)) << "an interrupted round goes on";
  round(3);
  EXPECT_THAT(wanted(), ElementsAre(4, 4)) << "and a finished session stays";
  EXPECT_THAT(wanted({.repeats_disturbed = false}), ElementsAre(3, 3));
  EXPECT_THAT(wanted({.disturbance = {.busy_cores = 1}}), ElementsAre(3, 3));
  for (auto& cell : cells_) cell.repeats = 5;
  EXPECT_THAT(wanted(), ElementsAre(5, 5));
  round(4);
  EXPECT_THAT(wanted(), ElementsAre(6, 6)) << "more repetitions add to those that are there";
}

TEST_F(RoundsTest, AreAtMostTwiceThosePlanned) {
  for (int i = 0; i < 6; ++i) round(i, 1, 1.0);
  EXPECT_THAT(wanted(), ElementsAre(6, 6));
  EXPECT_THAT(report(2), HasSubstr(": run again"));
  EXPECT_THAT(report(5), HasSubstr(": kept, as many were run again as were planned"));
}

TEST_F(RoundsTest, OfASingleRoundNoneIsMadeAgain) {
  for (auto& cell : cells_) cell.repeats = 1;
  round(0, 1, 1.0);
  EXPECT_THAT(wanted(), ElementsAre(1, 1));
  EXPECT_EQ(report(0), "");
}

TEST_F(RoundsTest, AFailedArmTakesNoFurtherOnes) {
  for (int i = 0; i < 3; ++i) round(i, 1, 1.0);
  record(1, 2).disposition = Disposition::kCrashed;
  EXPECT_THAT(wanted(), ElementsAre(3, 3));
  set_auto(0.05, 10);
  EXPECT_THAT(wanted(), ElementsAre(3, 3)) << "the other's own time is exact";
}

TEST_F(RoundsTest, GoOnUntilTheGainIsToldWhateverItIs) {
  set_auto(0.05, 10);
  EXPECT_THAT(wanted(), ElementsAre(3, 3));
  for (int i = 0; i < 3; ++i) round(i, 1 + 0.05 * i);
  EXPECT_THAT(wanted(), ElementsAre(4, 4));
  EXPECT_EQ(report(0), "") << "one round has no interval";
  EXPECT_THAT(report(2), AllOf(HasSubstr("3 rounds: parallelism=ep"), HasSubstr("x ["),
                               HasSubstr(": ±5 % to reach\n")));
  for (int i = 0; i < 3; ++i) round(i, 1 + 0.001 * i);
  EXPECT_THAT(wanted(), ElementsAre(3, 3)) << "no gain, and that is told";
  EXPECT_THAT(report(2), HasSubstr("±5 % is reached\n"));
}

TEST_F(RoundsTest, CountByTheSessionsOwnRulesAlone) {
  set_auto(0.05, 10);
  for (int i = 0; i < 3; ++i) round(i, 1 + 0.001 * i, i == 0 ? 0 : 0.5);
  EXPECT_THAT(wanted(), ElementsAre(4, 4));
  EXPECT_THAT(wanted({.disturbance = {.busy_cores = 1}}), ElementsAre(3, 3));
  EXPECT_THAT(wanted({.repeats_disturbed = false}), ElementsAre(3, 3));
}

TEST_F(RoundsTest, EndAtTheMost) {
  set_auto(0.05, 4);
  for (int i = 0; i < 4; ++i) round(i, 1 + 0.5 * i);
  EXPECT_THAT(wanted(), ElementsAre(4, 4));
  EXPECT_THAT(report(3), HasSubstr("±5 % is not reached\n"));
  round(3, 1, 1.0);
  EXPECT_THAT(wanted(), ElementsAre(5, 5)) << "a disturbed one does not count";
}

TEST_F(RoundsTest, OfASingleCellGoByItsOwnTime) {
  cells_.pop_back();
  set_auto(0.05, 10);
  for (int i = 0; i < 3; ++i) record(0, i, 1e9 * (1 + 0.3 * i));
  EXPECT_THAT(wanted(), ElementsAre(4));
  EXPECT_THAT(report(2), HasSubstr("its time (±"));
  for (int i = 0; i < 3; ++i) record(0, i, 1e9 * (1 + 0.001 * i));
  EXPECT_THAT(wanted(), ElementsAre(3));
}

TEST_F(RoundsTest, AreSaidInWords) {
  EXPECT_EQ(repeats_text(cells_[0]), "3");
  set_auto(0.05, 10);
  EXPECT_EQ(repeats_text(cells_[0]), "3 to 10");
  cells_[0].repeats = 4;  // that it wants by now
  EXPECT_EQ(repeats_text(cells_[0]), "3 to 10");
}

}  // namespace
}  // namespace moebench::session
