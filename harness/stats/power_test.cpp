// Expected values: scipy 1.17, stats.nct and stats.t.
#include "harness/stats/power.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace moebench::stats {
namespace {

TEST(Power, IsThatOfTheNoncentralT) {
  EXPECT_NEAR(
      detection_power({.run_noise = .01, .alpha = .005 / 24, .noise_df = 11.5}, std::log(1.05), 6),
      0.9993508506018692, 1e-9);
  EXPECT_NEAR(detection_power({.run_noise = .01, .alpha = .01}, .03, 5), 0.7777542876741571, 1e-9);
}

TEST(Power, CountsPairs) {
  const PowerDesign design{.run_noise = .02, .alpha = .01};
  EXPECT_EQ(pairs_needed(design, std::log(1.05), .95), 9);  // 0.9389 with 8, 0.9716 with 9
  EXPECT_EQ(pairs_needed(design, 0, .95), std::nullopt);
  EXPECT_EQ(pairs_needed(design, std::log(1.05), .95, 8), std::nullopt);
}

TEST(Power, FindsTheMinimumDetectableEffect) {
  const PowerDesign design{.run_noise = .01, .alpha = .01};
  EXPECT_NEAR(min_detectable_effect(design, 3, .95).value(), 0.10009304705191198, 1e-8);
  EXPECT_NEAR(min_detectable_effect(design, 5, .95).value(), 0.03974618719087913, 1e-8);
  EXPECT_NEAR(min_detectable_effect(design, 10, .95).value(), 0.021130639330616936, 1e-8);
}

TEST(Power, TheEstimateMustExceedItsThresholdToo) {
  const double threshold = std::log(1.02);
  const PowerDesign quiet{.run_noise = .001, .alpha = .01, .min_estimate = threshold};
  EXPECT_NEAR(detection_power(quiet, threshold, 10), 0.5, 1e-9);
  EXPECT_GT(min_detectable_effect(quiet, 10, .95).value(), threshold);
}

TEST(Power, OfDegenerateDesigns) {
  EXPECT_EQ(detection_power({.run_noise = .01}, .05, 1), 0) << "one pair and no calibration";
  EXPECT_EQ(min_detectable_effect({.run_noise = .01}, 1, .95), std::nullopt);
  EXPECT_GT(detection_power({.run_noise = .01, .noise_df = 10}, .2, 1), 0.9);
  EXPECT_GT(detection_power({.run_noise = 0, .alpha = .01}, .02, 2), 0.99) << "zero variance";
  EXPECT_EQ(detection_power({.run_noise = std::nan("")}, .02, 2), 0);
  EXPECT_EQ(detection_power({.run_noise = .01}, std::numeric_limits<double>::infinity(), 2), 0);
}

}  // namespace
}  // namespace moebench::stats
