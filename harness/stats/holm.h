#pragma once

#include <span>
#include <vector>

namespace moebench::stats {

// Holm's adjusted p values (1979), in the order given: a test is rejected at family level alpha
// where its own is at most alpha. A p that is NaN counts as a test and is never rejected (1).
std::vector<double> holm_adjusted(std::span<const double> p_values);

// The level at which the procedure decides each test at family level alpha, in the order given: of
// a rejected test that of its own step, of all others that of the step at which it ended. A test is
// rejected where its p is at most its level, so that a bound with this error and the procedure
// never contradict each other.
std::vector<double> holm_levels(std::span<const double> p_values, double alpha);

}  // namespace moebench::stats
