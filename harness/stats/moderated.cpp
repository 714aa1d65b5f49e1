#include "harness/stats/moderated.h"

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/polygamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "harness/base/check.h"
#include "harness/stats/moments.h"

namespace moebench::stats {
namespace {

namespace math = boost::math;

Variance pooled(const std::vector<Variance>& variances) {
  Variance sum;
  for (const Variance& variance : variances) {
    sum.value += variance.value * variance.df;
    sum.df += variance.df;
  }
  return {sum.value / sum.df, std::numeric_limits<double>::infinity()};
}

}  // namespace

double trigamma_inverse(double x) {
  MOEBENCH_CHECK(x > 0 && std::isfinite(x));
  if (x > 1e7) return 1 / std::sqrt(x);
  if (x < 1e-6) return 1 / x;
  double y = 0.5 + 1 / x;
  for (int i = 0; i < 50; ++i) {
    const double value = math::trigamma(y);
    const double change = value * (1 - value / x) / math::polygamma(2, y);
    y += change;
    if (-change / y < 1e-8) break;
  }
  return y;
}

Variance fit_prior(std::span<const Variance> variances) {
  std::vector<Variance> known;
  for (const Variance& variance : variances) {
    if (variance.df > 0) known.push_back({std::max(variance.value, kMinVariance), variance.df});
  }
  if (known.empty()) return {};
  if (known.size() == 1) return {known[0].value, 0};
  std::vector<double> logs;
  double expected_spread = 0;
  for (const Variance& variance : known) {
    const double half = variance.df / 2;
    logs.push_back(std::log(variance.value) - math::digamma(half) + std::log(half));
    expected_spread += math::trigamma(half) / static_cast<double>(known.size());
  }
  const Moments log_moments = moments(logs);
  const double spread = log_moments.sum_of_squares / log_moments.df() - expected_spread;
  if (spread <= 0) return pooled(known);
  const double half = trigamma_inverse(spread);
  return {std::exp(log_moments.mean + math::digamma(half) - std::log(half)), 2 * half};
}

Variance moderate(const Variance& prior, const Variance& variance, double pooled_df) {
  if (std::isinf(prior.df)) return {std::max(prior.value, kMinVariance), pooled_df};
  const double df = prior.df + variance.df;
  if (!(df > 0)) return {};
  const double value = (prior.df * prior.value + variance.df * variance.value) / df;
  return {std::max(value, kMinVariance), std::min(df, pooled_df)};
}

}  // namespace moebench::stats
