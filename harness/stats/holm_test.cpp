#include "harness/stats/holm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace moebench::stats {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Holm, AdjustsAsRDoes) {
  // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R.
  EXPECT_THAT(holm_adjusted(std::vector{0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleEq(0.03), DoubleEq(0.06), DoubleEq(0.06), DoubleEq(0.02)));
}

TEST(Holm, OfOneIsItselfAndNoneExceedsOne) {
  EXPECT_THAT(holm_adjusted(std::vector{0.2}), ElementsAre(0.2));
  EXPECT_THAT(holm_adjusted(std::vector{0.9, 0.8}), ElementsAre(1, 1));
  EXPECT_THAT(holm_adjusted({}), IsEmpty());
}

TEST(Holm, WhatIsNotANumberIsNeverRejectedButCounts) {
  EXPECT_THAT(holm_adjusted(std::vector{std::nan(""), 0.001}), ElementsAre(1, DoubleEq(0.002)));
}

}  // namespace
}  // namespace moebench::stats
