#include "harness/stats/power.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/check.h"
#include "harness/stats/distributions.h"
#include "harness/stats/moderated.h"

namespace moebench::stats {
namespace {

constexpr double kLargestEffect = 64;  // a log ratio no two runs reach

double standard_error(const PowerDesign& design, int pairs) {
  const double variance = 2 * design.run_noise * design.run_noise;
  return std::sqrt(std::max(variance, kMinVariance) / pairs);
}

}  // namespace

double detection_power(const PowerDesign& design, double effect, int pairs) {
  MOEBENCH_CHECK(pairs >= 1 && design.alpha > 0 && design.alpha < 1);
  const double df = design.noise_df + pairs - 1;
  if (!(df > 0) || !std::isfinite(effect) || !std::isfinite(design.run_noise)) return 0;
  const double error = standard_error(design, pairs);
  const double rejected =
      noncentral_t_upper_tail(t_quantile(1 - design.alpha, df), df, effect / error);
  const double exceeds =
      t_upper_tail((design.min_estimate - effect) / error, std::numeric_limits<double>::infinity());
  return std::min(rejected, exceeds);
}

std::optional<int> pairs_needed(const PowerDesign& design, double effect, double power,
                                int max_pairs) {
  const auto finds = [&](int pairs) { return detection_power(design, effect, pairs) >= power; };
  int enough = 1;
  while (!finds(enough)) {
    if (enough >= max_pairs) return std::nullopt;
    enough = std::min(2 * enough, max_pairs);
  }
  int few = enough / 2;  // 0, or found not to be enough
  while (enough - few > 1) {
    const int middle = few + (enough - few) / 2;
    (finds(middle) ? enough : few) = middle;
  }
  return enough;
}

std::optional<double> min_detectable_effect(const PowerDesign& design, int pairs, double power) {
  double low = 0;
  double high = standard_error(design, pairs);
  while (detection_power(design, high, pairs) < power) {
    low = high;
    high *= 2;
    if (high > kLargestEffect) return std::nullopt;
  }
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (detection_power(design, middle, pairs) < power ? low : high) = middle;
  }
  return high;
}

}  // namespace moebench::stats
