#include "reports/crossover/explore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "harness/testing/pairwise.h"
#include "reports/crossover/crossover_testing.h"
#include "reports/write/cells.h"

namespace moebench::crossover {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;

const std::vector<double> kTokens = {64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};

// Measures as `explore` says, until it ends.
class Explorer {
 public:
  Explorer(std::vector<test::ArmTruth> arms, double noise, unsigned seed)
      : lab_(std::move(arms), noise, seed) {}

  void run(const ExploreRules& rules) {
    for (;;) {
      const auto all = with_stubs();
      const Map map = map_of(reports::group_cells(all).front());
      found_ = explore(map, rules);
      if (!found_.next) return;
      const double tokens = map.groups[found_.next->group].points[found_.next->point].tokens;
      while (rounds_[tokens] < found_.next->rounds) lab_.run(tokens, rounds_[tokens]++, records_);
    }
  }

  Line line() const {
    return map_of(reports::group_cells(records_).front()).groups[0].lines[0].line;
  }
  const Exploration& found() const { return found_; }
  const std::map<double, int>& rounds() const { return rounds_; }
  int num_rounds() const {
    int sum = 0;
    for (const auto& [tokens, rounds] : rounds_) sum += rounds;
    return sum;
  }
  std::vector<CellRecord>& records() { return records_; }

 private:
  std::vector<CellRecord> with_stubs() const {
    std::vector<CellRecord> all = records_;
    for (const double tokens : kTokens) {
      if (rounds_.contains(tokens)) continue;
      for (const test::ArmTruth& arm : lab_.arms()) all.push_back(test::cell_of(arm, tokens));
    }
    return all;
  }

  test::Lab lab_;
  std::vector<CellRecord> records_;
  std::map<double, int> rounds_;
  Exploration found_;
};

constexpr double kHour = 3600e9;

TEST(Explore, BeginsWithTheEndsThenGoesWhereTheArmsCross) {
  Explorer explorer(test::crossing_arms(), 0.01, 1);
  explorer.run({.budget_ns = kHour});
  EXPECT_THAT(explorer.found().reason, HasSubstr("narrow enough"));
  EXPECT_GE(explorer.rounds().at(64), 2);
  EXPECT_GE(explorer.rounds().at(16384), 2);
  EXPECT_GE(explorer.rounds().at(1024), 2);
  ASSERT_EQ(explorer.line().crossings.size(), 1u);
  EXPECT_LT(std::log(explorer.line().crossings[0].high / explorer.line().crossings[0].low), 0.2);
}

TEST(Explore, EndsWithItsBudget) {
  Explorer explorer(test::crossing_arms(), 0.05, 1);
  explorer.run({.budget_ns = 600e9});
  EXPECT_LE(explorer.found().spent_ns, 600e9);
  EXPECT_FALSE(explorer.found().next);
  const int before = explorer.num_rounds();
  explorer.run({.budget_ns = 600e9});  // what is on record decides
  EXPECT_EQ(explorer.num_rounds(), before);
  explorer.run({.budget_ns = 1200e9});
  EXPECT_GT(explorer.num_rounds(), before);
}

TEST(Explore, SeesSoonThatNothingCrosses) {
  Explorer explorer({{"fsdp", "1", 1, 1e-3}, {"ep", "2", 0.3, 0.5e-3}}, 0.02, 1);
  explorer.run({.budget_ns = kHour});
  EXPECT_THAT(explorer.found().reason, HasSubstr("narrow enough"));
  EXPECT_LE(explorer.num_rounds(), 12);
  EXPECT_TRUE(explorer.line().crossings.empty());
}

TEST(Explore, GoesOnUntilEqualArmsAreKnownToBe) {
  Explorer explorer({{"fsdp", "1", 1, 1e-3}, {"ep", "2", 1, 1e-3}}, 0.01, 1);
  explorer.run({.budget_ns = 100 * kHour});
  EXPECT_THAT(explorer.found().reason, HasSubstr("equal within 3 %"));
  EXPECT_TRUE(explorer.line().crossings.empty());
}

TEST(Explore, DoesNotEndWhereNoiseHidesEverythingAtFirst) {
  Explorer explorer(test::crossing_arms(), 0.3, 1);
  explorer.run({.budget_ns = kHour});
  EXPECT_GT(explorer.found().spent_ns, 0.8 * kHour);
}

TEST(Explore, TakesTheNeighbourOfAnEndThatFails) {
  Explorer explorer(test::crossing_arms(), 0.01, 1);
  CellRecord failed = test::cell_of(test::crossing_arms()[0], 16384);
  failed.disposition = record::Disposition::kOutOfMemory;
  explorer.records().push_back(failed);
  explorer.run({.budget_ns = kHour});
  EXPECT_FALSE(explorer.rounds().contains(16384));
  EXPECT_GE(explorer.rounds().at(8192), 2);
}

TEST(Explore, TakesAnotherRoundOfAnEndThatWasDisturbed) {
  test::Lab lab(test::crossing_arms(), 0.01, 1);
  std::vector<CellRecord> records;
  for (int round = 0; round < 2; ++round) {
    lab.run(64, round, records);
    lab.run(16384, round, records);
  }
  records[1].metrics["other_cores"] = {.unit = "1", .value = 3};
  records[0].metrics["other_cores"] = {.unit = "1", .value = 0};
  const Map map = map_of(reports::group_cells(records).front());
  const Exploration found = explore(map, {.budget_ns = kHour});
  ASSERT_TRUE(found.next);
  EXPECT_EQ(map.groups[0].points[found.next->point].tokens, 64);
  EXPECT_EQ(found.next->rounds, 3);
}

// The same truth measured in full, five rounds of all points, and within the same run time where
// `explore` looks.
TEST(ExploreSimulation, AgreesWithTheFullMapAndCoversTheTruth) {
  constexpr int kSimulations = kSanitized ? 8 : 30;
  int covered = 0, covered_in_full = 0, agree = 0, found = 0;
  double width = 0, width_in_full = 0;
  for (unsigned seed = 0; seed < kSimulations; ++seed) {
    test::Lab lab(test::crossing_arms(), 0.03, 1000 + seed);
    std::vector<CellRecord> records;
    for (int round = 0; round < 5; ++round) {
      for (const double tokens : kTokens) lab.run(tokens, round, records);
    }
    double budget_ns = 0;
    for (const CellRecord& record : records) budget_ns += *record.value("run_time");
    const Line full = map_of(reports::group_cells(records).front()).groups[0].lines[0].line;
    Explorer explorer(test::crossing_arms(), 0.03, seed);
    explorer.run({.budget_ns = budget_ns});
    const Line adaptive = explorer.line();
    if (full.crossings.size() != 1 || adaptive.crossings.size() != 1) continue;
    ++found;
    const Crossing& a = adaptive.crossings[0];
    const Crossing& b = full.crossings[0];
    covered += a.low <= 1000 && a.high >= 1000 ? 1 : 0;
    covered_in_full += b.low <= 1000 && b.high >= 1000 ? 1 : 0;
    agree += a.low <= b.high && b.low <= a.high ? 1 : 0;
    width += std::log(a.high / a.low);
    width_in_full += std::log(b.high / b.low);
  }
  EXPECT_EQ(found, kSimulations);
  EXPECT_GE(covered, 0.97 * kSimulations);
  EXPECT_GE(covered_in_full, 0.97 * kSimulations);
  EXPECT_GE(agree, 0.97 * kSimulations);
  EXPECT_LT(width, 0.8 * width_in_full);
  std::printf("width of the interval in log(tokens): %.2f, in full %.2f\n", width / kSimulations,
              width_in_full / kSimulations);
}

}  // namespace
}  // namespace moebench::crossover
