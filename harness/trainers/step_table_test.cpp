#include "harness/trainers/step_table.h"

#include <gmock/gmock.h>

#include <limits>

namespace moebench::trainers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::int64_t> num_steps_of(const std::vector<std::int64_t>& numbers, Entries entries) {
  StepTable table;
  for (const std::int64_t number : numbers) table.add({.number = number});
  std::vector<std::string> warnings;
  std::vector<std::int64_t> num_steps;
  for (const Step& step : table.finish(entries, "log", warnings)) {
    num_steps.push_back(step.num_steps);
  }
  return num_steps;
}

TEST(StepTable, AnEntryIsOfTheStepsSinceTheOneBefore) {
  EXPECT_THAT(num_steps_of({10, 20, 30}, Entries::kOfAnInterval), ElementsAre(10, 10, 10));
  EXPECT_THAT(num_steps_of({1, 10, 20}, Entries::kOfAnInterval), ElementsAre(1, 9, 10));
  EXPECT_THAT(num_steps_of({110, 120}, Entries::kOfAnInterval), ElementsAre(10, 10));
  EXPECT_THAT(num_steps_of({7}, Entries::kOfAnInterval), ElementsAre(7));
  EXPECT_THAT(num_steps_of({0, 1, 2}, Entries::kOfAnInterval), ElementsAre(1, 1, 1));
  EXPECT_THAT(num_steps_of({10, 20}, Entries::kOfOneStep), ElementsAre(1, 1));
}

TEST(StepTable, CountsFromOne) {
  StepTable table;
  std::vector<std::string> warnings;
  for (const std::int64_t number : {0, 1}) table.add({.number = number});
  const auto steps = table.finish(Entries::kOfOneStep, "log", warnings);
  EXPECT_EQ(steps.front().number, 1);
  EXPECT_EQ(steps.back().number, 2);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(StepTable, ALinePrintedTwiceCountsOnce) {
  StepTable table;
  std::vector<std::string> warnings;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (int i = 0; i < 2; ++i) table.add({.number = 1, .loss = nan});
  for (int i = 0; i < 2; ++i) table.add({.number = 2, .loss = 3});
  table.add({.number = 1, .loss = nan});
  EXPECT_EQ(table.finish(Entries::kOfOneStep, "log", warnings).size(), 2u);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("log: 3 lines of steps stand there more than once")));
}

TEST(StepTable, OfStepsTrainedAgainTheLastCount) {
  StepTable table;
  std::vector<std::string> warnings;
  for (const std::int64_t number : {1, 2, 3, 4}) table.add({.number = number, .loss = 1});
  for (const std::int64_t number : {3, 4, 5}) table.add({.number = number, .loss = 2});
  const auto steps = table.finish(Entries::kOfOneStep, "log", warnings);
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_EQ(steps[1].loss, 1);
  EXPECT_EQ(steps[2].loss, 2);
  EXPECT_EQ(steps[3].loss, 2);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("began again 1 times, first at step 3")));
}

// Steps beyond the resumption that were not trained again are gone, too: the run did not end there.
TEST(StepTable, WhatFollowedAResumptionIsDropped) {
  StepTable table;
  std::vector<std::string> warnings;
  for (const std::int64_t number : {1, 2, 3, 4}) table.add({.number = number, .loss = 1});
  table.add({.number = 2, .loss = 2});
  EXPECT_EQ(table.finish(Entries::kOfOneStep, "log", warnings).size(), 2u);
}

}  // namespace
}  // namespace moebench::trainers
