// Expected values: scipy 1.17, stats.t, stats.norm and stats.nct (sf and ppf).
#include "harness/stats/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace moebench::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_near(double value, double expected) {
  EXPECT_NEAR(value, expected, 1e-11 * std::abs(expected));
}

TEST(StudentT, UpperTail) {
  expect_near(t_upper_tail(0, 5), 0.5);
  expect_near(t_upper_tail(2.5, 1), 0.12111894159084341);
  expect_near(t_upper_tail(3.2, 4.5), 0.013922339715871432);
  expect_near(t_upper_tail(5, 11.5), 0.00017590920185865867);
  expect_near(t_upper_tail(12, 3), 0.0006225079003946681);
  expect_near(t_upper_tail(-1.5, 7), 0.911350756505015);
  expect_near(t_upper_tail(3, kInfinity), 0.0013498980316300933);
}

TEST(StudentT, Quantile) {
  expect_near(t_quantile(0.95, 5), 2.0150483733330233);
  expect_near(t_quantile(0.995, 2), 9.924843200918287);
  expect_near(t_quantile(1 - 0.005 / 24, 11.5), 4.896442834010182);
  expect_near(t_quantile(0.05, 3.3), -2.2686545667554654);
  expect_near(t_quantile(0.95, kInfinity), 1.6448536269514722);
}

TEST(StudentT, OfInfinityAndNan) {
  EXPECT_EQ(t_upper_tail(kInfinity, 3), 0);
  EXPECT_EQ(t_upper_tail(-kInfinity, 3), 1);
  EXPECT_TRUE(std::isnan(t_upper_tail(std::nan(""), 3)));
  EXPECT_TRUE(std::isnan(t_upper_tail(1, std::nan(""))));
}

TEST(NoncentralT, UpperTail) {
  expect_near(noncentral_t_upper_tail(3.747, 4, 5), 0.8196399351870731);
  expect_near(noncentral_t_upper_tail(2.8, 9, 4.6), 0.9410097097863905);
  expect_near(noncentral_t_upper_tail(6.96, 2, 10), 0.86503223192131);
  expect_near(noncentral_t_upper_tail(5, kInfinity, 2), 0.0013498980316300933);
}

}  // namespace
}  // namespace moebench::stats
