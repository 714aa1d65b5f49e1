#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/improvements.h"
#include "reports/write/table.h"

namespace moebench::reports {

// How far a gain can be believed.
enum class Standing {
  kUnproven,   // one round: there is no telling what of it is noise; printed "?"
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
  int rounds = 0;      // that count
  double scatter = 0;  // standard deviation of their logarithms
  // The rule that was broken (compare/disturbance.h) in each round that does not count. Where no
  // round would, all do.
  std::vector<std::string> disturbed{};
  // About how many rounds would tell it from 1; nullopt where that is beyond 1000.
  std::optional<int> rounds_to_decide{};

  Standing standing() const;
};

inline constexpr double kGainConfidence = 0.99;

// The scatter of a run's time that is taken for granted where one round shows none.
inline constexpr double kAssumedScatter = 0.05;

// What the cells of a scenario gain over their references in one metric.
//
// The logarithms of a cell's ratios are taken as normal. Their variance is the larger of the cell's
// own and of the mean over all cells, by the mean's degrees of freedom: with its own alone, five
// rounds tell less than three do with the mean's; with the mean's alone, a cell that is noisier
// than the others claims gains that it does not have up to three times as often as it may.
// Bonferroni's correction makes the intervals hold together. How often they do: GainsSimulation in
// gains_test.
class Gains {
 public:
  Gains(const ScenarioCells& scenario, const Reference& reference, const std::string& metric);

  // Of each cell, in their order; nullopt for a cell without an ok reference, a reference itself, a
  // failed cell and where the metric was not measured in a common round.
  const std::vector<std::optional<Gain>>& of_cells() const { return gains_; }

  // The gain of a product of powers of the gains of cells that have one reference: {{i, 1}, {j,
  // -1}} is what cell i gains over cell j. nullopt where one of them has none.
  std::optional<Gain> combined(std::span<const std::pair<std::size_t, int>> terms) const;

 private:
  struct Rounds {
    std::map<int, double> logs;  // of the gain, by round
    std::vector<std::string> disturbed;
  };

  static Rounds rounds_of(const Cell& cell, const Cell& reference, const std::string& metric);
  void pool(const std::vector<const Cell*>& references);
  Gain gain_of(const std::vector<double>& logs, double variance_factor) const;
  std::optional<int> rounds_to_decide(double log_gain, double variance) const;

  std::vector<std::optional<Rounds>> rounds_;  // of each cell
  std::vector<std::optional<Gain>> gains_;
  int num_gains_ = 0;
  double variance_ = 0;  // of a round's log gain, mean over the cells
  double df_ = 0;        // its degrees of freedom, and how many each further round adds
  double df_a_round_ = 0;
  mutable std::map<int, double> quantiles_;  // by the number of rounds; costly, and asked for often
};

std::vector<std::optional<Gain>> gains_of(const ScenarioCells& scenario, const Reference& reference,
                                          const std::string& metric);

// "1.73x [1.66, 1.81]", "~1.02x [0.97, 1.08]", "1.7x ?" of a single round.
std::string format_gain(const Gain& gain);
// Good or bad where it is decided.
Tone tone_of(const Gain& gain);
// The same as an entry of a table: the factor and that text, in the colour of what it says.
Entry gain_entry(const Gain& gain);
// "1.7x": no more digits than one round can have.
std::string format_rough_factor(double factor);

// Returns the same as a change of the metric itself, of which less is better: "-34.5 %", and its
// interval where rounds differ. Bytes that an allocator counts are the same in every round, so
// that one round tells; `is_exact` says that the metric is such a one.
std::string format_decrease(const Gain& gain, bool is_exact);

}  // namespace moebench::reports
