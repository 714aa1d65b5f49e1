// Expected values: Smyth's formulas in numpy, trigamma inverted by scipy.optimize.brentq on
// scipy.special.polygamma.
#include "harness/stats/moderated.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace moebench::stats {
namespace {

void expect_close(double value, double expected) {
  EXPECT_NEAR(value, expected, 1e-7 * std::abs(expected));
}

TEST(TrigammaInverse, SolvesTrigamma) {
  expect_close(trigamma_inverse(0.36), 3.248426946452889);
  expect_close(trigamma_inverse(2), 0.8766640774642601);
  expect_close(trigamma_inverse(0.01), 100.4991666819432);
  expect_close(trigamma_inverse(10), 0.33508104437803354);
  expect_close(trigamma_inverse(1e8), 1e-4);
  expect_close(trigamma_inverse(1e-8), 1e8);
}

constexpr double kPriorDf = 1.5548915032635;
constexpr double kPriorValue = 0.00013643853108977688;

// Eight variances that spread by more than chance.
std::vector<Variance> spread_family() {
  return {{1e-4, 5},  {40e-4, 8}, {2e-4, 5},  {9e-4, 5},
          {.5e-4, 2}, {6e-4, 5},  {.1e-4, 3}, {3e-4, 5}};
}

TEST(FitPrior, FitsTheSpreadOfVariances) {
  const Variance prior = fit_prior(spread_family());
  expect_close(prior.df, kPriorDf);
  expect_close(prior.value, kPriorValue);
  const Variance low = moderate(prior, {1e-4, 5});
  expect_close(low.df, kPriorDf + 5);
  expect_close(low.value, (kPriorDf * kPriorValue + 5e-4) / (kPriorDf + 5));
}

TEST(FitPrior, LeavesOutCellsWithoutDegreesOfFreedom) {
  std::vector<Variance> family = spread_family();
  family.push_back({1, 0});
  const Variance prior = fit_prior(family);
  expect_close(prior.df, kPriorDf);
  // A cell of one pair has what the others teach.
  const Variance alone = moderate(prior, {0, 0});
  expect_close(alone.value, prior.value);
  expect_close(alone.df, prior.df);
}

TEST(FitPrior, OfEqualVariancesIsTheirPooledOneAndWorthAQuarterOfTheFamily) {
  const std::vector<Variance> family(12, {2e-4, 4});
  const Variance prior = fit_prior(family);
  expect_close(prior.value, 2e-4);
  EXPECT_EQ(prior.df, 3);
  EXPECT_EQ(fit_prior(std::vector<Variance>(24, {2e-4, 4})).df, 6);
}

TEST(FitPrior, OfFewVariancesLearnsNothing) {
  const std::vector<Variance> family(kMinFamily - 1, {3e-4, 5});
  EXPECT_EQ(fit_prior(family).df, 0);
  EXPECT_GT(fit_prior(std::vector<Variance>(kMinFamily, {3e-4, 5})).df, 0);
  const Variance same = moderate(fit_prior(family), {3e-4, 5});
  EXPECT_EQ(same.value, 3e-4);
  EXPECT_EQ(same.df, 5);
}

TEST(CompareVariances, ByTheMeanOfLogDifferences) {
  using Pairs = std::vector<std::pair<Variance, Variance>>;
  const VarianceRatio ratio =
      compare_variances(Pairs{{{4e-4, 5}, {1e-4, 5}}, {{9e-4, 5}, {2e-4, 5}}, {{1, 0}, {1e-4, 5}}});
  // sqrt(4 x 4.5); 1 - Phi(log(18) / sqrt(4 x trigamma(2.5))).
  expect_close(ratio.ratio, 4.242640687119285);
  expect_close(ratio.p, 0.01951843692978625);
  EXPECT_EQ(compare_variances(Pairs{{{1, 0}, {1, 5}}}).p, 1);
  EXPECT_EQ(compare_variances({}).ratio, 1);
  expect_close(compare_variances(Pairs{{{0, 4}, {0, 4}}}).p, 0.5);
}

TEST(FitPrior, OfNothingIsNothing) {
  EXPECT_EQ(fit_prior({}).df, 0);
  EXPECT_EQ(fit_prior(std::vector<Variance>{{0, 0}}).df, 0);
  EXPECT_EQ(moderate({}, {}).df, 0);
}

TEST(FitPrior, ZeroVarianceIsNotBelieved) {
  const Variance prior = fit_prior(std::vector<Variance>(kMinFamily, {0, 5}));
  expect_close(moderate(prior, {0, 5}).value, kMinVariance);
  EXPECT_EQ(moderate({}, {0, 5}).value, kMinVariance);
}

}  // namespace
}  // namespace moebench::stats
