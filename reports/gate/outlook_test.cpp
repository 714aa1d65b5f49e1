#include "reports/gate/outlook.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/stats/power.h"

namespace moebench::gate {
namespace {

Outlook outlook_after(double percent_slower) {
  return {.estimate = std::log1p(percent_slower / 100),
          .pairs = 4,
          .run_noise = 0.05,
          .level = 0.001,
          .pass_error = 0.02,
          .min_estimate = std::log1p(0.02),
          .mde = std::log1p(0.05)};
}

TEST(Outlook, ACellThatIsMuchSlowerBecomesRegressed) {
  const Outlook slow = outlook_after(20);
  const int pairs = deciding_pairs(slow).value();
  const stats::PowerDesign design{
      .run_noise = 0.05, .alpha = 0.001, .min_estimate = std::log1p(0.02)};
  EXPECT_GE(stats::detection_power(design, slow.estimate, pairs), kOutlookPower);
  EXPECT_LT(stats::detection_power(design, slow.estimate, pairs - 1), kOutlookPower);
}

TEST(Outlook, ACellThatIsNotSlowerBecomesPass) {
  const int equal = deciding_pairs(outlook_after(0)).value();
  EXPECT_GT(equal, 4);
  EXPECT_LT(deciding_pairs(outlook_after(-5)).value(), equal) << "it is faster";
  EXPECT_GT(deciding_pairs(outlook_after(1.5)).value(), equal)
      << "it is nearer to what a pass rules out";
}

TEST(Outlook, WhatIsAsSlowAsThatTakesThePairsOfARegression) {
  EXPECT_TRUE(deciding_pairs(outlook_after(5)).has_value());
  Outlook strict = outlook_after(1);
  strict.mde = strict.estimate;
  EXPECT_EQ(deciding_pairs(strict), std::nullopt) << "neither above 2 % nor below the mde";
}

TEST(Outlook, SomethingIsAlwaysMissing) {
  Outlook quiet = outlook_after(20);
  quiet.run_noise = 1e-4;
  EXPECT_EQ(deciding_pairs(quiet), 5) << "it is inconclusive with 4";
}

TEST(Outlook, TooNoisyIsNoNumber) {
  Outlook noisy = outlook_after(0);
  noisy.run_noise = 10;
  EXPECT_EQ(deciding_pairs(noisy), std::nullopt);
}

}  // namespace
}  // namespace moebench::gate
