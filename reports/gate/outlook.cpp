#include "reports/gate/outlook.h"

#include <algorithm>
#include <limits>

#include "harness/stats/power.h"

namespace moebench::gate {
namespace {

constexpr double kNoThreshold = -std::numeric_limits<double>::infinity();

std::optional<int> pairs_for(const Outlook& outlook, double effect, double alpha,
                             double min_estimate) {
  if (!(effect > 0)) return std::nullopt;
  const stats::PowerDesign design{.run_noise = outlook.run_noise,
                                  .alpha = alpha,
                                  .noise_df = outlook.known_df,
                                  .min_estimate = min_estimate};
  return stats::pairs_needed(design, effect, kOutlookPower, kMaxOutlookPairs);
}

}  // namespace

std::optional<int> deciding_pairs(const Outlook& outlook) {
  const auto slower = pairs_for(outlook, outlook.estimate, outlook.level, outlook.min_estimate);
  // That a slowdown of the mde is ruled out is the same test, from there downwards.
  const auto pass =
      pairs_for(outlook, outlook.mde - outlook.estimate, outlook.pass_error, kNoThreshold);
  if (!slower && !pass) return std::nullopt;
  constexpr int kNever = std::numeric_limits<int>::max();
  const int fewest = std::min(slower.value_or(kNever), pass.value_or(kNever));
  return std::max(fewest, outlook.pairs + 1);
}

}  // namespace moebench::gate
