#include "reports/crossover/map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"
#include "reports/crossover/crossover_testing.h"
#include "reports/crossover/sentences.h"

namespace moebench::crossover {
namespace {

using record::CellRecord;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<CellRecord> runs_of(std::vector<test::ArmTruth> arms,
                                const std::vector<std::string>& networks = {"local"},
                                double noise = 0.01) {
  test::Lab lab(std::move(arms), noise, 3);
  std::vector<CellRecord> records;
  for (int round = 0; round < 4; ++round) {
    for (const std::string& network : networks) {
      for (const double tokens : {250, 500, 1000, 2000, 4000}) {
        lab.run(tokens, round, records, network);
      }
    }
  }
  return records;
}

Map map_from(const std::vector<CellRecord>& records, const std::string& against = "") {
  return map_of(reports::group_cells(records).front(), against);
}

void set_axis(CellRecord& record, const std::string& name, const std::string& value) {
  for (auto& [axis, held] : record.axes) {
    if (axis == name) held = value;
  }
  record.id += name + value;
}

TEST(Map, FindsWhereTheArmsAreEqual) {
  const auto records = runs_of(test::crossing_arms());
  const Map map = map_from(records);
  ASSERT_THAT(map.groups, SizeIs(1));
  const MapGroup& group = map.groups[0];
  EXPECT_THAT(group.arms, ElementsAre("ep 2", "fsdp"));
  EXPECT_THAT(group.points, SizeIs(5));
  ASSERT_THAT(group.lines, SizeIs(1));
  ASSERT_THAT(group.lines[0].line.crossings, SizeIs(1));
  const Crossing& crossing = group.lines[0].line.crossings[0];
  EXPECT_LT(crossing.low, 1000);
  EXPECT_GT(crossing.high, 1000);
  EXPECT_TRUE(crossing.is_faster_below);
  EXPECT_THAT(sentences_of(group),
              ElementsAre(AllOf(HasSubstr("below "), HasSubstr(" tokens a micro-batch ("),
                                HasSubstr(") ep 2 is faster; above, fsdp."))));
}

TEST(Map, SaysThatNothingCrosses) {
  const auto records = runs_of({{"fsdp", "1", 1, 1e-3}, {"ep", "2", 0.5, 0.8e-3}});
  const Map map = map_from(records);
  EXPECT_THAT(sentences_of(map.groups[0]),
              ElementsAre("from 250 to 4000 tokens a micro-batch ep 2 is faster: no crossing "
                          "within what was measured."));
}

TEST(Map, SaysThatNothingIsDecided) {
  const auto records = runs_of({{"fsdp", "1", 1, 1e-3}, {"ep", "2", 1, 1e-3}}, {"local"}, 0.1);
  const Map map = map_from(records);
  EXPECT_THAT(sentences_of(map.groups[0]),
              ElementsAre("from 250 to 4000 tokens a micro-batch it is not decided whether ep 2 or "
                          "fsdp is faster."));
}

TEST(Map, SaysNothingOfStretchesThatAreTooShortToTell) {
  MapGroup group = {
      .arms = {"ep 2", "fsdp"}, .num_expert_parallel = 1, .points = {{.network = "local"}}};
  group.lines = {{.others = {1}}};
  group.lines[0].line.stretches = {
      {64, 64.01, Side::kUndecided}, {64.01, 653, Side::kSlower}, {653, 4096}};
  EXPECT_THAT(
      sentences_of(group),
      ElementsAre("from 64 to 653 tokens a micro-batch fsdp is faster; from 653 to 4096 it is "
                  "not decided whether ep 2 or fsdp is faster."));
}

TEST(Map, ComparesWithTheBestOfSeveral) {
  auto arms = test::crossing_arms();
  arms.push_back({"hsdp", "2", 0.6, 2e-3});  // ep is always faster
  const auto records = runs_of(arms);
  const Map map = map_from(records);
  EXPECT_THAT(map.groups[0].arms, ElementsAre("ep 2", "fsdp", "hsdp 2"));
  EXPECT_THAT(sentences_of(map.groups[0]), ElementsAre(HasSubstr("above, fsdp.")));
  const Map alone = map_from(records, "hsdp");
  EXPECT_THAT(alone.groups[0].arms, ElementsAre("ep 2", "hsdp 2"));
  EXPECT_THAT(alone.groups[0].lines[0].line.crossings, SizeIs(0));
}

TEST(Map, HasALineForEachNetworkAndEachSize) {
  const auto records = runs_of(test::crossing_arms(), {"local", "1gbit", "200mbit"});
  const Map map = map_from(records);
  const MapGroup& group = map.groups[0];
  EXPECT_EQ(group.points.front().network, "200mbit");
  EXPECT_EQ(group.points.back().network, "local");
  // Three over tokens; five over the two rates, of which none crosses.
  EXPECT_THAT(group.lines, SizeIs(8));
  EXPECT_THAT(sentences_of(group),
              ElementsAre(HasSubstr("network 200mbit: below"), HasSubstr("network 1gbit: below"),
                          HasSubstr("network local: below")));
}

TEST(Map, KeepsApartWhatDiffersInAnythingElse) {
  auto records = runs_of(test::crossing_arms());
  for (CellRecord record : runs_of(test::crossing_arms())) {
    set_axis(record, "model", "large");
    records.push_back(record);
  }
  const Map map = map_from(records);
  ASSERT_THAT(map.groups, SizeIs(2));
  EXPECT_EQ(map.groups[0].name, "toy");
  EXPECT_EQ(map.groups[1].name, "large");
}

TEST(Map, KeepsAFailedArmInItsPlace) {
  auto records = runs_of(test::crossing_arms());
  for (CellRecord& record : records) {
    if (record.axis("parallelism") != "fsdp" || record.axis("seq_len") != "4000") continue;
    record.disposition = record::Disposition::kOutOfMemory;
    record.message = "no room";
  }
  const Map map = map_from(records);
  EXPECT_THAT(map.groups[0].points, SizeIs(5));
  EXPECT_FALSE(map.groups[0].points.back().gains[0][0]);
  EXPECT_NEAR(map.groups[0].lines[0].line.stretches.back().to, 2000, 1e-6);
}

TEST(Map, RefusesWhereNothingCanBeCompared) {
  const auto refusal = [](const std::vector<CellRecord>& records) {
    return error_of([&] { map_from(records); });
  };
  EXPECT_THAT(refusal(runs_of({{"fsdp", "1", 1, 1e-3}})),
              HasSubstr("its cells have parallelism fsdp; a map needs ep, and fsdp or hsdp"));
  auto records = runs_of(test::crossing_arms());
  for (CellRecord& record : records) {
    if (record.axis("parallelism") == "ep") set_axis(record, "expert_kernel", "loop");
  }
  EXPECT_THAT(refusal(records), HasSubstr("all differ in expert_kernel"));
}

}  // namespace
}  // namespace moebench::crossover
