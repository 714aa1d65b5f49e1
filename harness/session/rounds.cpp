#include "harness/session/rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "harness/config/limits.h"
#include "harness/launch/run_cell.h"
#include "harness/session/plan.h"
#include "harness/stats/distributions.h"
#include "harness/stats/moments.h"
#include "reports/write/cells.h"
#include "reports/write/gains.h"
#include "reports/write/improvements.h"

namespace moebench::session {
namespace {

using config::CellConfig;
using record::CellRecord;
using record::Disposition;
using reports::Gain;

constexpr double kUnknown = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostShown = 4;  // gains on a line

const char* headline_metric(const CellConfig& cell) {
  return cell.measure == config::Measure::kLoad ? "load_time" : "runtime";
}

// What gains are told by. Without what the machine did, which the session's own rules judge.
CellRecord time_of(const CellRecord& record, const CellConfig& cell) {
  CellRecord slim;
  slim.id = record.id;
  slim.scenario = cell.scenario;
  slim.scenarios = launch::scenario_places(cell);
  slim.axes = record.axes;
  slim.repetition = record.repetition;
  slim.disposition = record.disposition;
  const char* metric = headline_metric(cell);
  const auto value = record.value(metric);
  if (value) slim.metrics[metric] = {.unit = record.metrics.at(metric).unit, .value = value};
  return slim;
}

// Half the interval, relative to the gain.
double width_of(const Gain& gain) {
  if (!gain.interval) return kUnknown;
  return (gain.interval->second - gain.interval->first) / 2 / gain.factor;
}

// The same of a mean time, by the logarithms of its repetitions.
double width_of(const std::vector<double>& times) {
  std::vector<double> logs;
  for (const double time : times) logs.push_back(std::log(time));
  const stats::Moments moments = stats::moments(logs);
  if (moments.df() < 1) return kUnknown;
  const double error = std::sqrt(moments.sum_of_squares / moments.df() / moments.count);
  return std::sinh(stats::t_quantile(1 - (1 - reports::kGainConfidence) / 2, moments.df()) * error);
}

std::string percent(double share) {
  return share < 0.1 ? fmt::format("±{:.2g} %", share * 100)
                     : fmt::format("±{:.0f} %", share * 100);
}

}  // namespace

struct Rounds::State {
  int rounds = 0;
  RecordViews records;
  std::map<std::pair<std::size_t, int>, std::string> disturbed;  // rules, by arm and round
  std::multimap<std::size_t, Gain> gains;                        // by arm

  const CellRecord* find(const std::string& id, int round) const {
    const auto found = records.find({id, round});
    return found == records.end() ? nullptr : found->second;
  }
};

struct Rounds::Standing {
  struct Interval {
    std::string text;  // "1.73x [1.66, 1.81]"
    std::size_t arm = 0;
    double width = kUnknown;
  };

  std::vector<std::size_t> arms;  // without a failure
  bool is_complete = false;       // every arm has every round
  bool is_auto = false;
  std::int64_t planned = 0;              // undisturbed rounds, or the most of `repeats: auto`
  std::map<int, std::string> disturbed;  // rounds that do not count
  std::vector<Interval> intervals;       // of `repeats: auto`, the widest first
  double width = kUnknown;               // to be reached

  std::int64_t num_valid(int rounds) const {
    return rounds - static_cast<std::int64_t>(disturbed.size());
  }
  bool is_narrow(int rounds) const {
    return num_valid(rounds) >= config::kMinAutoRepeats && !intervals.empty() &&
           intervals.front().width <= width;
  }
  bool wants_more(int rounds) const {
    if (arms.empty() || rounds >= 2 * planned || num_valid(rounds) >= planned) return false;
    return !is_auto || !is_narrow(rounds);
  }
};

Rounds::Rounds(std::vector<CellConfig> cells, RoundRules rules)
    : cells_(std::move(cells)), rules_(rules), comparisons_(comparisons_of(cells_)) {
  for (const CellConfig& cell : cells_) ids_.push_back(cell.id());
  for (Comparison& comparison : comparisons_) {
    std::erase_if(comparison.arms, [&](std::size_t arm) { return cells_[arm].repeats < 2; });
  }
  std::erase_if(comparisons_, [](const Comparison& comparison) { return comparison.arms.empty(); });
  axes_.resize(cells_.size());
  for (const Comparison& comparison : comparisons_) {
    for (const std::size_t arm : comparison.arms) axes_[arm] = comparison.axes;
  }
}

Rounds::State Rounds::state_of(const RecordViews& records, int rounds) const {
  State state;
  state.rounds = rounds;
  std::vector<CellRecord> times;  // in the cells' order
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    places[ids_[i]] = i;
    for (int round = 0; round < rounds; ++round) {
      const auto found = records.find({ids_[i], round});
      if (found == records.end()) continue;
      times.push_back(time_of(*found->second, cells_[i]));
      state.records.insert(*found);
    }
  }
  if (times.empty()) return state;
  const auto scenarios = reports::group_cells(times);
  for (const reports::ScenarioCells& scenario : scenarios) {
    const auto references = reports::Reference(scenario).of_cells(scenario);
    for (std::size_t i = 0; i < scenario.cells.size(); ++i) {
      if (references[i] == nullptr || references[i] == &scenario.cells[i]) continue;
      note_disturbed(places.at(scenario.cells[i].id()), places.at(references[i]->id()), state);
    }
  }
  for (CellRecord& time : times) {  // what is disturbed does not count
    if (state.disturbed.contains({places.at(time.id), time.repetition})) time.metrics.clear();
  }
  for (const reports::ScenarioCells& scenario : scenarios) {
    const CellConfig& first = cells_[places.at(scenario.cells.front().id())];
    const auto gains =
        reports::gains_of(scenario, reports::Reference(scenario), headline_metric(first));
    for (std::size_t i = 0; i < scenario.cells.size(); ++i) {
      if (gains[i]) state.gains.emplace(places.at(scenario.cells[i].id()), *gains[i]);
    }
  }
  return state;
}

// The first round in which the arm failed; -1 where none is on record.
int Rounds::first_failure(std::size_t arm, const RecordViews& records) const {
  const auto begin = records.lower_bound({ids_[arm], 0});
  for (auto it = begin; it != records.end() && it->first.first == ids_[arm]; ++it) {
    if (it->second->disposition != Disposition::kOk) return it->first.second;
  }
  return -1;
}

Rounds::Standing Rounds::standing_of(const Comparison& comparison, const State& state) const {
  Standing standing;
  std::int64_t fewest = config::kMaxRepeats;
  for (const std::size_t arm : comparison.arms) {
    const CellConfig& cell = cells_[arm];
    fewest = std::min(fewest, cell.repeats);
    if (first_failure(arm, state.records) < 0) standing.arms.push_back(arm);
    if (!cell.repeats_auto) continue;
    standing.is_auto = true;
    standing.width = std::min(standing.width, cell.gain_width);
    standing.planned = std::max(standing.planned, cell.max_repeats);
  }
  standing.planned = std::max(standing.planned, fewest);
  standing.is_complete = std::ranges::all_of(standing.arms, [&](std::size_t arm) {
    for (int round = 0; round < state.rounds; ++round) {
      if (state.find(ids_[arm], round) == nullptr) return false;
    }
    return true;
  });
  if (!standing.is_complete) return standing;
  for (const std::size_t arm : standing.arms) {
    for (int round = 0; round < state.rounds; ++round) {
      const auto rule = state.disturbed.find({arm, round});
      if (rule != state.disturbed.end()) standing.disturbed.emplace(round, rule->second);
    }
    if (standing.is_auto) add_intervals(arm, state, standing);
  }
  if (standing.is_auto && standing.intervals.empty()) add_own_intervals(state, standing);
  std::ranges::stable_sort(standing.intervals, std::greater(), &Standing::Interval::width);
  return standing;
}

// Of an arm that is compared with the reference.
void Rounds::note_disturbed(std::size_t arm, std::size_t reference, State& state) const {
  if (!rules_.repeats_disturbed || axes_[arm].empty()) return;
  for (int round = 0; round < state.rounds; ++round) {
    const CellRecord* base = state.find(ids_[reference], round);
    const CellRecord* run = state.find(ids_[arm], round);
    const bool are_ok = base != nullptr && run != nullptr &&
                        base->disposition == Disposition::kOk &&
                        run->disposition == Disposition::kOk;
    if (!are_ok) continue;
    const std::string rule =
        compare::broken_rule(*base, describe(cells_[reference], axes_[arm]), *run,
                             describe(cells_[arm], axes_[arm]), rules_.disturbance);
    if (!rule.empty()) state.disturbed.emplace(std::pair(arm, round), rule);
  }
}

void Rounds::add_intervals(std::size_t arm, const State& state, Standing& standing) const {
  const auto [begin, end] = state.gains.equal_range(arm);
  for (auto it = begin; it != end; ++it) {
    standing.intervals.push_back({reports::format_gain(it->second), arm, width_of(it->second)});
  }
}

// Where nothing is compared.
void Rounds::add_own_intervals(const State& state, Standing& standing) const {
  for (const std::size_t arm : standing.arms) {
    std::vector<double> times;
    for (int round = 0; round < state.rounds; ++round) {
      const auto time = state.find(ids_[arm], round)->value(headline_metric(cells_[arm]));
      if (time && *time > 0) times.push_back(*time);
    }
    standing.intervals.push_back({"its time", arm, width_of(times)});
  }
}

std::vector<CellConfig> Rounds::wanted(const RecordViews& records) const {
  std::vector<CellConfig> cells = cells_;
  std::map<int, State> states;
  for (const Comparison& comparison : comparisons_) {
    std::int64_t rounds = config::kMaxRepeats;
    for (const std::size_t arm : comparison.arms) rounds = std::min(rounds, cells_[arm].repeats);
    for (;; ++rounds) {
      const int count = static_cast<int>(rounds);
      auto state = states.find(count);
      if (state == states.end()) state = states.emplace(count, state_of(records, count)).first;
      const Standing standing = standing_of(comparison, state->second);
      if (!standing.is_complete || !standing.wants_more(count)) break;
    }
    for (const std::size_t arm : comparison.arms) {
      const int failure = first_failure(arm, records);
      const std::int64_t own = failure < 0 ? rounds : std::min<std::int64_t>(rounds, failure + 1);
      cells[arm].repeats = std::max(cells[arm].repeats, own);
    }
  }
  return cells;
}

std::string Rounds::report(const RecordViews& records, int repetition) const {
  if (comparisons_.empty()) return "";
  const State state = state_of(records, repetition + 1);
  std::string text;
  for (const Comparison& comparison : comparisons_) text += report(comparison, state);
  return text;
}

std::string Rounds::report(const Comparison& comparison, const State& state) const {
  const Standing standing = standing_of(comparison, state);
  if (!standing.is_complete || standing.arms.empty()) return "";
  const std::string name = comparison.name.empty() ? "" : " of " + comparison.name;
  std::string text;
  const auto disturbed = standing.disturbed.find(state.rounds - 1);
  if (disturbed != standing.disturbed.end()) {
    const bool is_last = static_cast<std::int64_t>(standing.disturbed.size()) > standing.planned;
    text += fmt::format("repetition {}{}: {}: {}\n", disturbed->first, name, disturbed->second,
                        is_last ? "kept, as many were run again as were planned" : "run again");
  }
  if (!standing.is_auto || state.rounds < 2) return text;
  std::string gains;
  for (std::size_t i = 0; i < std::min(standing.intervals.size(), kMostShown); ++i) {
    const auto& [what, arm, width] = standing.intervals[i];
    gains += fmt::format("{}{} {} ({})", i == 0 ? "" : ", ", describe(cells_[arm], comparison.axes),
                         what, percent(width));
  }
  const auto num_more = static_cast<std::int64_t>(standing.intervals.size() - kMostShown);
  if (num_more > 0) gains += fmt::format(", {} narrower ones", num_more);
  const std::string goal = percent(standing.width);
  const std::string end = standing.is_narrow(state.rounds)    ? goal + " is reached"
                          : standing.wants_more(state.rounds) ? goal + " to reach"
                                                              : goal + " is not reached";
  return text + fmt::format("{} rounds{}: {}: {}\n", state.rounds, name, gains, end);
}

std::string repeats_text(const CellConfig& cell) {
  if (!cell.repeats_auto) return fmt::to_string(cell.repeats);
  return fmt::format("{} to {}", config::kMinAutoRepeats, std::max(cell.repeats, cell.max_repeats));
}

}  // namespace moebench::session
