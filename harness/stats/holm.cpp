#include "harness/stats/holm.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moebench::stats {

std::vector<double> holm_adjusted(std::span<const double> p_values) {
  std::vector<double> p(p_values.begin(), p_values.end());
  for (double& value : p) value = std::isnan(value) ? 1 : value;
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });

  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto num_left = static_cast<double>(order.size() - place);
    largest = std::max(largest, std::min(1.0, num_left * p[order[place]]));
    adjusted[order[place]] = largest;
  }
  return adjusted;
}

}  // namespace moebench::stats
