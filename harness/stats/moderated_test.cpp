// Expected values: Smyth's formulas in numpy, trigamma inverted by scipy.optimize.brentq on
// scipy.special.polygamma.
#include "harness/stats/moderated.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace moebench::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_near(double value, double expected) {
  EXPECT_NEAR(value, expected, 1e-7 * std::abs(expected));
}

TEST(TrigammaInverse, SolvesTrigamma) {
  expect_near(trigamma_inverse(0.36), 3.248426946452889);
  expect_near(trigamma_inverse(2), 0.8766640774642601);
  expect_near(trigamma_inverse(0.01), 100.4991666819432);
  expect_near(trigamma_inverse(10), 0.33508104437803354);
  expect_near(trigamma_inverse(1e8), 1e-4);
  expect_near(trigamma_inverse(1e-8), 1e8);
}

TEST(FitPrior, FitsTheSpreadOfVariances) {
  const Variance prior =
      fit_prior(std::vector<Variance>{{1e-4, 5}, {4e-4, 5}, {2e-4, 5}, {9e-4, 5}, {5e-5, 5}});
  expect_near(prior.df, 3.3935346045111245);
  expect_near(prior.value, 0.00018350898712896272);
  const Variance low = moderate(prior, {1e-4, 5}, 25);
  expect_near(low.value, 0.000133762967684377);
  expect_near(low.df, 8.3935346045111245);
  expect_near(moderate(prior, {9e-4, 5}, 25).value, 0.0006103202452167994);
}

TEST(FitPrior, TakesUnequalDegreesOfFreedomAndLeavesOutCellsWithout) {
  const Variance prior =
      fit_prior(std::vector<Variance>{{1e-4, 2}, {40e-4, 8}, {0, 0}, {2e-4, 5}, {.1e-4, 3}});
  expect_near(prior.df, 1.0279800001186588);
  expect_near(prior.value, 6.782166463250928e-05);
  // A cell of one pair has what the others teach.
  const Variance alone = moderate(prior, {0, 0}, 18);
  expect_near(alone.value, prior.value);
  expect_near(alone.df, prior.df);
}

TEST(FitPrior, EqualVariancesArePooled) {
  const Variance prior = fit_prior(std::vector<Variance>{{1e-4, 4}, {2e-4, 8}});
  EXPECT_EQ(prior.df, kInfinity);
  expect_near(prior.value, 20e-4 / 12);
  const Variance pooled = moderate(prior, {1e-4, 4}, 12);
  expect_near(pooled.value, 20e-4 / 12);
  EXPECT_EQ(pooled.df, 12) << "no more than was observed";
}

TEST(FitPrior, OfOneVarianceLearnsNothingOfTheSpread) {
  const Variance prior = fit_prior(std::vector<Variance>{{3e-4, 5}, {1, 0}});
  EXPECT_EQ(prior.df, 0);
  const Variance same = moderate(prior, {3e-4, 5}, 5);
  EXPECT_EQ(same.value, 3e-4);
  EXPECT_EQ(same.df, 5);
}

TEST(CompareVariances, ByTheMeanOfLogDifferences) {
  using Pairs = std::vector<std::pair<Variance, Variance>>;
  const VarianceRatio ratio =
      compare_variances(Pairs{{{4e-4, 5}, {1e-4, 5}}, {{9e-4, 5}, {2e-4, 5}}, {{1, 0}, {1e-4, 5}}});
  // sqrt(4 x 4.5); 1 - Phi(log(18) / sqrt(4 x trigamma(2.5))).
  expect_near(ratio.ratio, 4.242640687119285);
  expect_near(ratio.p, 0.01951843692978625);
  EXPECT_EQ(compare_variances(Pairs{{{1, 0}, {1, 5}}}).p, 1);
  EXPECT_EQ(compare_variances({}).ratio, 1);
  expect_near(compare_variances(Pairs{{{0, 4}, {0, 4}}}).p, 0.5);
}

TEST(FitPrior, OfNothingIsNothing) {
  EXPECT_EQ(fit_prior({}).df, 0);
  EXPECT_EQ(fit_prior(std::vector<Variance>{{0, 0}}).df, 0);
  EXPECT_EQ(moderate({}, {}, 0).df, 0);
}

TEST(FitPrior, ZeroVarianceIsNotBelieved) {
  const Variance prior = fit_prior(std::vector<Variance>{{0, 5}, {0, 5}, {0, 5}});
  EXPECT_EQ(prior.df, kInfinity);
  expect_near(moderate(prior, {0, 5}, 15).value, kMinVariance);
  EXPECT_EQ(moderate({}, {0, 5}, 5).value, kMinVariance);
}

}  // namespace
}  // namespace moebench::stats
