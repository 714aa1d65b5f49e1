#include "harness/stats/quantile.h"

#include <algorithm>
#include <cmath>

#include "harness/base/check.h"

namespace moebench::stats {

std::optional<double> quantile(std::vector<double> values, double share) {
  MOEBENCH_CHECK(share >= 0 && share <= 1);
  const bool finite =
      std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
  if (values.empty() || !finite) return std::nullopt;
  std::ranges::sort(values);
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], place - static_cast<double>(below));
}

std::optional<double> median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

}  // namespace moebench::stats
