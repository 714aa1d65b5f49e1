#pragma once

#include <span>

namespace moebench::stats {

struct Moments {
  int count = 0;
  double mean = 0;            // 0 where there is no value
  double sum_of_squares = 0;  // about the mean

  // Degrees of freedom that the sum of squares has.
  double df() const { return count > 1 ? count - 1 : 0; }
};

// Computes in two passes, so that the spread of large values that are close together is not lost.
Moments moments(std::span<const double> values);

}  // namespace moebench::stats
