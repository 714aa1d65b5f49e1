#include "harness/machine/cost_budget.h"

#include <gtest/gtest.h>

namespace moebench::machine {
namespace {

TEST(CostBudget, WhatIsExpectedIsPaidForFirst) {
  const CostBudget budget(0.01);
  EXPECT_TRUE(budget.allows(0, 0));
  EXPECT_FALSE(budget.allows(99, 1));
  EXPECT_TRUE(budget.allows(100, 1));
}

TEST(CostBudget, WhatCostMoreThanWasExpectedIsPaidForAfterwards) {
  CostBudget budget(0.01);
  budget.spend(0, 1);
  EXPECT_FALSE(budget.allows(99, 0));
  EXPECT_TRUE(budget.allows(100, 0));
  EXPECT_FALSE(budget.allows(199, 1));
  EXPECT_TRUE(budget.allows(200, 1));
}

TEST(CostBudget, TimeWithoutCostIsNoCredit) {
  CostBudget budget(0.01);
  budget.spend(1000, 1);
  EXPECT_FALSE(budget.allows(1099, 1));
  EXPECT_TRUE(budget.allows(1100, 1));
}

}  // namespace
}  // namespace moebench::machine
