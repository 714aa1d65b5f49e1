#include "harness/stats/holm.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moebench::stats {

namespace {

double known(double p) { return std::isnan(p) ? 1 : p; }

// Places of the p values, the smallest first.
std::vector<std::size_t> ascending(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return known(p[i]); });
  return order;
}

}  // namespace

std::vector<double> holm_adjusted(std::span<const double> p) {
  const std::vector<std::size_t> order = ascending(p);
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto num_left = static_cast<double>(order.size() - place);
    largest = std::max(largest, std::min(1.0, num_left * known(p[order[place]])));
    adjusted[order[place]] = largest;
  }
  return adjusted;
}

std::vector<double> holm_levels(std::span<const double> p, double alpha) {
  const std::vector<std::size_t> order = ascending(p);
  std::vector<double> levels(p.size());
  bool has_ended = false;
  double level = alpha;
  for (std::size_t place = 0; place < order.size(); ++place) {
    if (!has_ended) level = alpha / static_cast<double>(order.size() - place);
    levels[order[place]] = level;
    has_ended = has_ended || known(p[order[place]]) > level;
  }
  return levels;
}

}  // namespace moebench::stats
