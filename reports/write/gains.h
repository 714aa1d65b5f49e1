#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/improvements.h"

namespace moebench::reports {

// How far a gain can be believed.
enum class Standing {
  kUnproven,   // one round: there is no telling what of it is noise
  kUndecided,  // the interval holds 1: printed "~"
  kDecided,
};

// How many times better a cell is than its reference in one metric; above 1 is better. Runs of the
// same repetition, which are made one soon after the other, are a round: a round's ratio is free of
// what drifts slower than it.
struct Gain {
  double factor = 1;  // geometric mean over the rounds that count
  // All intervals of a scenario's gains in this metric hold at once with kGainConfidence. None with
  // one round.
  std::optional<std::pair<double, double>> interval{};
  int rounds = 0;  // that count
  std::vector<std::string>
      disturbed{};  // one rule broken (compare/disturbance.h) a round that does not
  Standing standing() const;
};

inline constexpr double kGainConfidence = 0.95;

// The gain of each cell of a scenario, in their order; nullopt for a cell without an ok reference,
// a reference itself, a failed cell and where the metric was not measured in a common round. Where
// no round counts, disturbed ones do, and `disturbed` says so.
std::vector<std::optional<Gain>> gains_of(const ScenarioCells& scenario, const Reference& reference,
                                          const std::string& metric);

// "1.73x [1.66, 1.81]", "1.02x ~ [0.97, 1.08]", "1.7x ?" of a single round.
std::string format_gain(const Gain& gain);

}  // namespace moebench::reports
