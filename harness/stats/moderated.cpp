#include "harness/stats/moderated.h"

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/polygamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "harness/base/check.h"
#include "harness/stats/distributions.h"
#include "harness/stats/moments.h"

namespace moebench::stats {
namespace {

namespace math = boost::math;

constexpr double kMaxPriorDfEach = 0.25;

double pooled(const std::vector<Variance>& variances) {
  double sum = 0, df = 0;
  for (const Variance& variance : variances) {
    sum += variance.value * variance.df;
    df += variance.df;
  }
  return sum / df;
}

// Its logarithm without the bias that few degrees of freedom give.
double unbiased_log(const Variance& variance) {
  const double half = variance.df / 2;
  return std::log(std::max(variance.value, kMinVariance)) - math::digamma(half) + std::log(half);
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
  if (std::ssize(known) < kMinFamily) return {};
  std::vector<double> logs;
  double expected_spread = 0;
  for (const Variance& variance : known) {
    logs.push_back(unbiased_log(variance));
    expected_spread += math::trigamma(variance.df / 2) / static_cast<double>(known.size());
  }
  const Moments log_moments = moments(logs);
  const double spread = log_moments.sum_of_squares / log_moments.df() - expected_spread;
  const double most = kMaxPriorDfEach * static_cast<double>(known.size());
  if (spread <= 0) return {pooled(known), most};
  const double half = trigamma_inverse(spread);
  return {std::exp(log_moments.mean + math::digamma(half) - std::log(half)),
          std::min(2 * half, most)};
}

VarianceRatio compare_variances(std::span<const std::pair<Variance, Variance>> pairs) {
  double sum = 0, spread = 0;
  int count = 0;
  for (const auto& [first, second] : pairs) {
    if (!(first.df > 0 && second.df > 0)) continue;
    sum += unbiased_log(first) - unbiased_log(second);
    spread += math::trigamma(first.df / 2) + math::trigamma(second.df / 2);
    ++count;
  }
  if (count == 0) return {};
  return {std::exp(sum / count),
          t_upper_tail(sum / std::sqrt(spread), std::numeric_limits<double>::infinity())};
}

Variance moderate(const Variance& prior, const Variance& variance) {
  const double df = prior.df + variance.df;
  if (!(df > 0)) return {};
  const double value = (prior.df * prior.value + variance.df * variance.value) / df;
  return {std::max(value, kMinVariance), df};
}

}  // namespace moebench::stats
