#include "kernels/vector_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace moebench::kernels {
namespace {

TEST(FastExp, HoldsItsRelativeErrorOverItsRange) {
  double worst = 0;
  for (int i = -87 * 8192; i <= 88 * 8192; ++i) {
    const float x = static_cast<float>(i) / 8192.0f;
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::abs(static_cast<double>(fast_exp(x)) / exact - 1.0));
  }
  EXPECT_LT(worst, 3e-7);
}

TEST(FastExp, SaturatesToNormalNumbers) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float x : {-infinity, -1e30f, -200.0f, -87.5f, 88.5f, 200.0f, 1e30f, infinity}) {
    EXPECT_TRUE(std::isnormal(fast_exp(x))) << x;
  }
  EXPECT_LT(fast_exp(-1e30f), 2e-38f);
  EXPECT_GT(fast_exp(1e30f), 1e38f);
  EXPECT_EQ(fast_exp(0.0f), 1.0f);
  EXPECT_EQ(fast_exp(-0.0f), 1.0f);
}

TEST(FastExp, KeepsNan) {
  EXPECT_TRUE(std::isnan(fast_exp(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(fast_sigmoid(std::numeric_limits<float>::quiet_NaN())));
}

TEST(FastSigmoid, MatchesTheExactOne) {
  for (int i = -100 * 64; i <= 100 * 64; ++i) {
    const float x = static_cast<float>(i) / 64.0f;
    const double exact = 1.0 / (1.0 + std::exp(-static_cast<double>(x)));
    EXPECT_NEAR(fast_sigmoid(x), exact, 4e-7 * exact + 1e-38) << x;
  }
}

}  // namespace
}  // namespace moebench::kernels
