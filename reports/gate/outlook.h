#pragma once

#include <optional>

namespace moebench::gate {

// What is known of a time metric of a cell that is INCONCLUSIVE; changes are log ratios.
struct Outlook {
  double estimate = 0;
  int pairs = 0;         // by which it was judged
  double run_noise = 0;  // standard deviation of a run's logarithm
  double known_df = 0;   // of the noise, beside the pairs' own
  double level = 0.005;  // of the test for slower, at the look to come
  double pass_error = 0.05;
  double min_estimate = 0;
  double mde = 0;
};

// Probability with which the pairs that it tells would decide, if the estimate were the truth.
inline constexpr double kOutlookPower = 0.8;
inline constexpr int kMaxOutlookPairs = 1000;

// Tells about how many pairs in all would make the cell REGRESSED or PASS, whichever takes fewer,
// if it is truly as slow as it looks now; nullopt where over kMaxOutlookPairs would not.
std::optional<int> deciding_pairs(const Outlook& outlook);

}  // namespace moebench::gate
