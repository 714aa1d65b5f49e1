#include "reports/write/gains.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/stats/distributions.h"
#include "harness/stats/moderated.h"
#include "harness/stats/moments.h"
#include "reports/compare/disturbance.h"
#include "reports/compare/log_ratios.h"
#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

using record::CellRecord;

constexpr int kMaxRounds = 1000;
// Ratios of an exact metric that scatter by less do not scatter.
constexpr double kExact = 5e-5;

// In a session of pairs both arms of a pair have one index and repetitions of their own.
int round_of(const CellRecord& record) {
  return record.pair ? record.pair->index : record.repetition;
}

double quantile(int num_intervals, double df) {
  return stats::t_quantile(1 - (1 - kGainConfidence) / 2 / num_intervals, df);
}

// "1.73", or with as many digits as another number has.
std::string with_digits_of(double value, const std::string& text) {
  const std::size_t point = text.find('.');
  const int digits = point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
  return fmt::format("{:.{}f}", value, digits);
}

}  // namespace

Standing Gain::standing() const {
  if (!interval) return Standing::kUnproven;
  const bool holds_one = interval->first <= 1 && interval->second >= 1;
  return holds_one ? Standing::kUndecided : Standing::kDecided;
}

Gains::Gains(const ScenarioCells& scenario, const Reference& reference, const std::string& metric) {
  const std::vector<const Cell*> references = reference.of_cells(scenario);
  for (std::size_t i = 0; i < references.size(); ++i) {
    const Cell& cell = scenario.cells[i];
    const Cell* base = references[i];
    const bool is_compared = base && base != &cell && base->ok() && cell.ok();
    rounds_.push_back(is_compared ? std::optional(rounds_of(cell, *base, metric)) : std::nullopt);
    if (rounds_.back() && rounds_.back()->logs.empty()) rounds_.back().reset();
    if (rounds_.back()) ++num_gains_;
  }
  pool(references);
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    const std::pair<std::size_t, int> term[] = {{i, 1}};
    gains_.push_back(combined(term));
  }
}

Gains::Rounds Gains::rounds_of(const Cell& cell, const Cell& reference, const std::string& metric) {
  std::map<int, const CellRecord*> bases;
  for (const CellRecord* run : reference.repetitions) bases[round_of(*run)] = run;
  Rounds rounds;
  std::map<int, double> disturbed;
  for (const CellRecord* run : cell.repetitions) {
    const auto base = bases.find(round_of(*run));
    if (base == bases.end()) continue;
    const auto slowdown = compare::log_ratio(*base->second, *run, metric);
    if (!slowdown) continue;
    const std::string rule =
        compare::broken_rule(*base->second, "reference", *run, "row's cell", {});
    if (!rule.empty()) rounds.disturbed.push_back(rule);
    (rule.empty() ? rounds.logs : disturbed)[base->first] = -*slowdown;
  }
  if (rounds.logs.empty()) rounds.logs = std::move(disturbed);
  return rounds;
}

// The gains of m cells with one reference are correlated by 1/2, so that the mean of their
// variances has 1 / (1 + (m - 1) / 4) of the degrees of freedom that independent ones would have.
void Gains::pool(const std::vector<const Cell*>& references) {
  std::map<const Cell*, int> num_with;
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    if (rounds_[i]) ++num_with[references[i]];
  }
  double squares = 0, own_df = 0;
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    if (!rounds_[i]) continue;
    std::vector<double> logs;
    for (const auto& [round, log] : rounds_[i]->logs) logs.push_back(log);
    const stats::Moments moments = stats::moments(logs);
    const double independent = 1 + (num_with[references[i]] - 1) / 4.0;
    squares += moments.sum_of_squares;
    own_df += moments.df();
    df_ += moments.df() / independent;
    df_a_round_ += 1 / independent;
  }
  if (own_df > 0) variance_ = std::max(squares / own_df, stats::kMinVariance);
}

std::optional<Gain> Gains::combined(std::span<const std::pair<std::size_t, int>> terms) const {
  std::map<int, double> sums;
  int of_reference = 0, squares = 0;
  Gain gain;
  std::set<std::string> rules;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    const auto& [cell, power] = terms[k];
    if (!rounds_[cell]) return std::nullopt;
    of_reference += power;
    squares += power * power;
    std::map<int, double> next;
    for (const auto& [round, log] : rounds_[cell]->logs) {
      const auto before = sums.find(round);
      if (k == 0) next[round] = power * log;
      if (k > 0 && before != sums.end()) next[round] = before->second + power * log;
    }
    sums = std::move(next);
    gain.disturbed = rounds_[cell]->disturbed;
  }
  std::vector<double> logs;
  for (const auto& [round, log] : sums) logs.push_back(log);
  if (logs.empty()) return std::nullopt;
  // A run's variance is half of a gain's, and the reference's run counts as often as it is taken.
  Gain of_rounds = gain_of(logs, (squares + of_reference * of_reference) / 2.0);
  if (terms.size() == 1) of_rounds.disturbed = std::move(gain.disturbed);
  return of_rounds;
}

Gain Gains::gain_of(const std::vector<double>& logs, double variance_factor) const {
  const stats::Moments moments = stats::moments(logs);
  Gain gain{.factor = std::exp(moments.mean), .rounds = moments.count};
  if (moments.df() > 0) gain.scatter = std::sqrt(moments.sum_of_squares / moments.df());
  const bool is_scattered = moments.df() > 0 && df_ > 0;
  const double own = is_scattered ? moments.sum_of_squares / moments.df() : 0;
  const double variance = is_scattered ? std::max(own, variance_ * variance_factor)
                                       : 2 * kAssumedScatter * kAssumedScatter * variance_factor;
  gain.rounds_to_decide = rounds_to_decide(moments.mean, variance);
  if (!is_scattered) return gain;
  const double half = quantile(num_gains_, df_) * std::sqrt(variance / moments.count);
  gain.interval = {std::exp(moments.mean - half), std::exp(moments.mean + half)};
  return gain;
}

// The half width falls with every round, so that the first that is small enough can be bisected.
std::optional<int> Gains::rounds_to_decide(double log_gain, double variance) const {
  const auto decides = [&](int rounds) {
    const auto [known, is_new] = quantiles_.try_emplace(rounds);
    if (is_new) known->second = quantile(num_gains_, df_a_round_ * (rounds - 1));
    return std::abs(log_gain) > known->second * std::sqrt(variance / rounds);
  };
  if (!decides(kMaxRounds)) return std::nullopt;
  int too_few = 1, enough = kMaxRounds;
  while (enough - too_few > 1) {
    const int middle = (too_few + enough) / 2;
    (decides(middle) ? enough : too_few) = middle;
  }
  return enough;
}

std::vector<std::optional<Gain>> gains_of(const ScenarioCells& scenario, const Reference& reference,
                                          const std::string& metric) {
  return Gains(scenario, reference, metric).of_cells();
}

std::string format_gain(const Gain& gain) {
  const std::string factor = format_number(gain.factor);
  switch (gain.standing()) {
    case Standing::kUnproven:
      return format_rough_factor(gain.factor) + " ?";
    case Standing::kUndecided:
    case Standing::kDecided:
      break;
  }
  return fmt::format("{}{}x [{}, {}]", gain.standing() == Standing::kUndecided ? "~" : "", factor,
                     with_digits_of(gain.interval->first, factor),
                     with_digits_of(gain.interval->second, factor));
}

Tone tone_of(const Gain& gain) {
  if (gain.standing() != Standing::kDecided) return Tone::kDim;
  return gain.factor > 1 ? Tone::kGood : Tone::kBad;
}

Entry gain_entry(const Gain& gain) {
  Entry entry(gain.factor, format_gain(gain));
  entry.tone = tone_of(gain);
  return entry;
}

std::string format_rough_factor(double factor) {
  const double digits = 1 - std::floor(std::log10(factor));
  return fmt::format("{:.{}f}x", factor, static_cast<int>(std::clamp(digits, 0., 6.)));
}

std::string format_decrease(const Gain& gain, bool is_exact) {
  const double change = 1 / gain.factor - 1;
  const std::string text = format_change(change);
  if (!gain.interval) return is_exact ? text : text + " ?";
  const double low = 1 / gain.interval->second - 1, high = 1 / gain.interval->first - 1;
  if (is_exact && gain.scatter < kExact) return text;
  return fmt::format("{}{} [{:+.1f}, {:+.1f}]", gain.standing() == Standing::kUndecided ? "~" : "",
                     text, low * 100, high * 100);
}

}  // namespace moebench::reports
