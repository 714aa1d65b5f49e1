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

TEST(Holm, LevelsAreThoseOfTheSteps) {
  EXPECT_THAT(holm_levels(std::vector{0.01, 0.04, 0.03, 0.005}, 0.05),
              ElementsAre(DoubleEq(0.05 / 3), 0.025, 0.025, 0.0125));
  EXPECT_THAT(holm_levels(std::vector{0.03, 0.03}, 0.05), ElementsAre(0.025, 0.025))
      << "the second would be below alpha, but the procedure ended before it";
  EXPECT_THAT(holm_levels(std::vector{std::nan(""), 0.001}, 0.05), ElementsAre(0.05, 0.025));
  EXPECT_THAT(holm_levels({}, 0.05), IsEmpty());
}

TEST(Holm, LevelsRejectWhatAdjustedValuesReject) {
  const std::vector<double> p = {0.2, 0.001, 0.012, 0.0124, 0.03, 0.9, 0.004};
  for (const double alpha : {0.001, 0.01, 0.05, 0.08, 0.3, 0.99}) {
    const auto levels = holm_levels(p, alpha);
    const auto adjusted = holm_adjusted(p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      EXPECT_EQ(p[i] <= levels[i], adjusted[i] <= alpha) << p[i] << " at " << alpha;
    }
  }
}

}  // namespace
}  // namespace moebench::stats
