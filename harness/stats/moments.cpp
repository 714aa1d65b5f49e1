#include "harness/stats/moments.h"

namespace moebench::stats {

Moments moments(std::span<const double> values) {
  Moments result;
  result.count = static_cast<int>(values.size());
  if (values.empty()) return result;
  double sum = 0;
  for (const double value : values) sum += value;
  result.mean = sum / result.count;
  for (const double value : values) {
    result.sum_of_squares += (value - result.mean) * (value - result.mean);
  }
  return result;
}

}  // namespace moebench::stats
