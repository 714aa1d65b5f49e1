#include "harness/stats/distributions.h"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "harness/base/check.h"

namespace moebench::stats {

namespace math = boost::math;

double t_upper_tail(double t, double df) {
  if (std::isnan(t) || std::isnan(df)) return std::numeric_limits<double>::quiet_NaN();
  MOEBENCH_CHECK(df > 0);
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  if (std::isinf(df)) return math::cdf(math::complement(math::normal(), t));
  return math::cdf(math::complement(math::students_t(df), t));
}

double t_quantile(double share, double df) {
  MOEBENCH_CHECK(share > 0 && share < 1 && df > 0);
  if (std::isinf(df)) return math::quantile(math::normal(), share);
  return math::quantile(math::students_t(df), share);
}

double noncentral_t_upper_tail(double t, double df, double delta) {
  MOEBENCH_CHECK(df > 0);
  if (std::isinf(df)) return math::cdf(math::complement(math::normal(), t - delta));
  return math::cdf(math::complement(math::non_central_t(df, delta), t));
}

}  // namespace moebench::stats
