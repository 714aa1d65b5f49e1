#pragma once

#include <span>
#include <vector>

namespace moebench::stats {

// Holm's adjusted p values (1979), in the order given: a test is rejected at family level alpha
// where its own is at most alpha. A p that is NaN counts as a test and is never rejected (1).
std::vector<double> holm_adjusted(std::span<const double> p_values);

}  // namespace moebench::stats
