#include "harness/stats/quantile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/stats/moments.h"

namespace moebench::stats {
namespace {

const std::vector<double> kValues = {3, 1, 4, 1, 5, 9, 2, 6};

TEST(Quantile, InterpolatesAsDefinition7) {
  // numpy.quantile of the same values.
  EXPECT_DOUBLE_EQ(quantile(kValues, 0.3).value(), 2.1);
  EXPECT_DOUBLE_EQ(median(kValues).value(), 3.5);
  EXPECT_EQ(quantile(kValues, 0), 1);
  EXPECT_EQ(quantile(kValues, 1), 9);
  EXPECT_EQ(median({7}), 7);
}

TEST(Quantile, OfNothingOrOfWhatIsNotFiniteIsNothing) {
  EXPECT_EQ(median({}), std::nullopt);
  EXPECT_EQ(median({1, std::nan("")}), std::nullopt);
  EXPECT_EQ(median({1, std::numeric_limits<double>::infinity()}), std::nullopt);
}

TEST(Moments, OfFewValues) {
  const std::vector<double> values = {1e9 + 1, 1e9 + 2, 1e9 + 6};
  EXPECT_EQ(moments(values).mean, 1e9 + 3);
  EXPECT_DOUBLE_EQ(moments(values).sum_of_squares, 14);
  EXPECT_EQ(moments(values).df(), 2);
  EXPECT_EQ(moments(std::span(values).first(1)).df(), 0);
  EXPECT_EQ(moments({}).mean, 0);
  EXPECT_EQ(moments({}).df(), 0);
}

}  // namespace
}  // namespace moebench::stats
