#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/stats/holm.h"
#include "reports/compare/fingerprint.h"
#include "reports/compare/hosts.h"
#include "reports/compare/log_ratios.h"
#include "reports/gate/exact_tests.h"
#include "reports/gate/gate.h"
#include "reports/gate/names.h"
#include "reports/gate/outlook.h"
#include "reports/gate/pairs.h"

namespace moebench::gate {
namespace {

using record::CellRecord;

using PairList = std::vector<const Pair*>;

// Holds what a cell is judged by.
struct Evidence {
  PairList pairs;        // valid, at most those of the look
  PairList calibration;  // valid
  int num_run = 0;       // pairs, valid or not
};

// Errors of the bounds by which a test is decided.
struct Levels {
  double slower = 0;
  double faster = 0;
};

Change to_change(const compare::Estimate& estimate, const Levels& levels, double pass_error) {
  return {std::expm1(estimate.mean), std::expm1(estimate.bound(levels.slower, -1)),
          std::expm1(estimate.bound(levels.faster, +1)),
          std::expm1(estimate.bound(pass_error, +1))};
}

// Their quotient is what the mean log ratio says: a table shows one estimate, not two. nullopt of
// nothing; values are positive.
std::optional<double> geometric_mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

class Judge {
 public:
  explicit Judge(const Input& input)
      : input_(input), session_(input.session), looks_(session_.all_looks()) {}

  Report run() {
    if (input_.records.empty()) {
      throw Error("the session has no runs yet; nothing is compared (moebench ab goes on with it)");
    }
    const compare::DisturbanceRules rules{.busy_cores = session_.busy_cores};
    session_pairs_ = collect_pairs(input_.records, rules);
    calibration_pairs_ = collect_pairs(input_.calibration, rules);
    check_calibration();
    report_.base = session_.base;
    report_.candidate = session_.candidate;
    report_.mde = session_.mde;
    choose_look();
    for (const auto& cell : session_.cells) add_cell(cell);
    judge_times();
    for (CellResult& cell : report_.cells) {
      if (cell.tests.empty()) continue;
      cell.verdict = Verdict::kPass;
      for (const MetricTest& test : cell.tests) cell.verdict = std::max(cell.verdict, test.verdict);
    }
    add_strangers();
    return std::move(report_);
  }

 private:
  void check_calibration() const {
    if (input_.calibration.empty()) return;
    const auto base = std::ranges::find_if(input_.records, [](const CellRecord& record) {
      return record.pair->arm == record::Arm::kBase &&
             record.disposition == record::Disposition::kOk;
    });
    if (base == input_.records.end()) return;
    const std::string text =
        compare::difference(compare::fingerprint(base->environment),
                            compare::fingerprint(input_.calibration.front().environment));
    if (!text.empty()) {
      throw NotComparable(
          "the calibration was made under other conditions ({}); calibrate here, or leave it out",
          text);
    }
    check_calibration_hosts();
  }

  // Noise is a host's own, even of two that are built alike.
  void check_calibration_hosts() const {
    std::map<std::string, const CellRecord*> calibrated;
    for (const CellRecord& run : input_.calibration) calibrated.emplace(run.id, &run);
    for (const CellRecord& run : input_.records) {
      const auto found = calibrated.find(run.id);
      if (found == calibrated.end()) continue;
      const std::string text = compare::hosts_difference(run, *found->second);
      if (text.empty()) continue;
      throw NotComparable(
          "the calibration was made on other hosts: cell {}: {}; calibrate here, or leave it out "
          "(a container keeps its name with docker run --hostname)",
          run.id, text);
    }
  }

  // The largest look that some cell has reached; the first where none has.
  void choose_look() {
    int most = 0;
    for (const auto& [cell, pairs] : session_pairs_) {
      most = std::max(most, static_cast<int>(pairs.valid().size()));
    }
    while (place_ + 1 < looks_.size() && looks_[place_ + 1] <= most) ++place_;
    look_ = looks_[place_];
    if (most > look_) {
      report_.notes.push_back(fmt::format(
          "judged by the first {} valid pairs of a cell, as set beforehand; later ones wait for "
          "the next look",
          look_));
    }
    const double spending = session_.spending(place_);
    report_.alpha = session_.alpha * spending;
    report_.pass_error = input_.rules.pass_error * spending;
  }

  void add_cell(const record::SessionCell& planned) {
    CellResult cell{.id = planned.id, .scenario = planned.scenario, .axes = planned.axes};
    Evidence evidence;
    const auto found = session_pairs_.find(planned.id);
    if (found == session_pairs_.end() || found->second.pairs.empty()) {
      cell.message = "no pair was run";
      is_cut_short_ = true;
    } else {
      has_pairs_ = true;
      count_invalid(found->second);
      evidence.pairs = found->second.valid();
      evidence.num_run = static_cast<int>(found->second.pairs.size());
      cell.valid_pairs = static_cast<int>(evidence.pairs.size());
      if (cell.valid_pairs > look_) evidence.pairs.resize(static_cast<std::size_t>(look_));
      judge_runs(found->second, evidence, cell);
    }
    const auto calibrated = calibration_pairs_.find(planned.id);
    if (calibrated != calibration_pairs_.end()) evidence.calibration = calibrated->second.valid();
    report_.cells.push_back(std::move(cell));
    evidence_.push_back(std::move(evidence));
  }

  // Failures, and what one run tells. A cell that gets no test keeps its verdict.
  void judge_runs(const CellPairs& pairs, Evidence& evidence, CellResult& cell) {
    const CellRecord& first = *pairs.pairs.front().candidate;
    const bool is_known = first.known_failure && first.known_failure->is_active(input_.today);
    if (const CellRecord* failure = pairs.failure()) {
      cell.verdict = is_known ? Verdict::kKnownFailure : Verdict::kFailed;
      cell.message =
          fmt::format("{} ({}): {}", to_string(failure->disposition), to_string(failure->pair->arm),
                      failure->message.substr(0, failure->message.find('\n')));
      if (first.known_failure) cell.message += "; " + known_text(*first.known_failure);
      evidence = {};
      return;
    }
    if (is_known) {
      report_.notes.push_back(
          fmt::format("cell {} passes unexpectedly, remove the known failure: {}", cell.id,
                      first.known_failure->reason));
    }
    std::vector<const CellRecord*> base, candidate;
    for (const Pair& pair : pairs.pairs) {
      base.push_back(pair.base);
      candidate.push_back(pair.candidate);
    }
    cell.tests = exact_tests(base, candidate);
    if (evidence.pairs.empty()) cell.message = "no valid pair";
  }

  std::string known_text(const record::KnownFailure& known) const {
    if (!known.is_active(input_.today)) {
      return fmt::format("known until {}, which has passed: {}", known.until, known.reason);
    }
    return "known: " + known.reason + (known.until.empty() ? "" : ", until " + known.until);
  }

  void count_invalid(const CellPairs& pairs) {
    num_halves_ += pairs.num_halves;
    for (const Pair& pair : pairs.pairs) {
      if (!pair.broken_rule.empty()) broken_rules_.push_back(pair.broken_rule);
    }
  }

  std::vector<std::string> metrics_of(const CellResult& cell, const Evidence& evidence) const {
    if (cell.verdict == Verdict::kFailed || cell.verdict == Verdict::kKnownFailure) return {};
    if (evidence.pairs.empty() && cell.tests.empty()) return {};
    if (!session_.metrics.empty()) return session_.metrics;
    const bool is_load =
        !evidence.pairs.empty() && record::measures_loading(*evidence.pairs.front()->base);
    return {is_load ? "load_time" : "step_time"};
  }

  void judge_times() {
    std::vector<std::string> metrics;
    for (std::size_t i = 0; i < evidence_.size(); ++i) {
      for (const std::string& metric : metrics_of(report_.cells[i], evidence_[i])) {
        if (std::ranges::count(metrics, metric) == 0) metrics.push_back(metric);
      }
    }
    for (const std::string& metric : metrics) judge_metric(metric);
    decide();
    add_notes();
  }

  // Estimates of one metric over all cells, each with a test to be decided.
  void judge_metric(const std::string& metric) {
    std::vector<compare::Differences> differences;
    std::vector<std::size_t> cells;
    for (std::size_t i = 0; i < evidence_.size(); ++i) {
      if (std::ranges::count(metrics_of(report_.cells[i], evidence_[i]), metric) == 0) continue;
      differences.push_back({report_.cells[i].id, log_ratios(evidence_[i].pairs, metric),
                             log_ratios(evidence_[i].calibration, metric)});
      cells.push_back(i);
    }
    const compare::SharedNoise noise = compare::share_noise(differences);
    if (!noise.note.empty()) report_.notes.push_back(metric + ": " + noise.note);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cell_estimates_.push_back(noise.estimates[i]);
      cell_tests_.emplace_back(cells[i], report_.cells[cells[i]].tests.size());
      report_.cells[cells[i]].tests.push_back(
          make_test(metric, noise.estimates[i], evidence_[cells[i]].pairs));
    }
    if (cells.size() < 2) return;
    std::vector<std::size_t> complete;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (noise.estimates[i].pairs >= look_) complete.push_back(i);
    }
    suite_estimates_.push_back(compare::suite_mean(noise, complete));
    report_.suite.push_back(make_test(metric, suite_estimates_.back(), {}));
    report_.suite.back().noise.reset();  // of a mean over cells, not of a run
  }

  static std::vector<double> log_ratios(const PairList& pairs, const std::string& metric) {
    std::vector<double> ratios;
    for (const Pair* pair : pairs) {
      if (const auto ratio = compare::log_ratio(*pair->base, *pair->candidate, metric)) {
        ratios.push_back(*ratio);
      }
    }
    return ratios;
  }

  MetricTest make_test(const std::string& metric, const compare::Estimate& estimate,
                       const PairList& pairs) const {
    MetricTest test{.metric = metric, .is_time = true};
    test.pairs = estimate.pairs;
    if (estimate.df > 0) test.noise = std::sqrt(estimate.variance / 2);
    std::vector<double> base, candidate;
    for (const Pair* pair : pairs) {
      if (!compare::log_ratio(*pair->base, *pair->candidate, metric)) continue;
      base.push_back(*pair->base->value(metric));
      candidate.push_back(*pair->candidate->value(metric));
      test.unit = pair->base->metrics.at(metric).unit;
    }
    test.base = geometric_mean(base);
    test.candidate = geometric_mean(candidate);
    return test;
  }

  void decide() {
    const bool has_suite = !suite_estimates_.empty();
    const double share = has_suite ? input_.rules.suite_share : 0;
    const auto levels = holm_levels(cell_estimates_, look_, report_.alpha * (1 - share));
    for (std::size_t i = 0; i < cell_tests_.size(); ++i) {
      const auto [cell, place] = cell_tests_[i];
      MetricTest& test = report_.cells[cell].tests[place];
      const compare::Estimate& estimate = cell_estimates_[i];
      set_change(estimate, levels[i], test);
      if (estimate.pairs < look_) {
        leave_open(evidence_[cell], estimate, test);
        continue;
      }
      decide(estimate, levels[i], input_.rules.min_estimate, test);
      if (test.verdict != Verdict::kInconclusive) continue;
      hides_slowdown_ = true;
      if (input_.with_outlook) look_ahead(estimate, levels[i], test);
    }
    const auto suite_levels = holm_levels(suite_estimates_, 1, report_.alpha * share);
    for (std::size_t i = 0; i < suite_estimates_.size(); ++i) {
      set_change(suite_estimates_[i], suite_levels[i], report_.suite[i]);
      decide(suite_estimates_[i], suite_levels[i], input_.rules.suite_min_estimate,
             report_.suite[i]);
    }
  }

  void set_change(const compare::Estimate& estimate, const Levels& levels, MetricTest& test) const {
    if (estimate.pairs > 0) test.change = to_change(estimate, levels, report_.pass_error);
  }

  // A test with fewer pairs than the look: there is no telling yet.
  void leave_open(const Evidence& evidence, const compare::Estimate& estimate, MetricTest& test) {
    const bool lacks_pairs = std::ssize(evidence.pairs) < look_;
    if (lacks_pairs) (evidence.num_run < 2 * look_ ? is_cut_short_ : is_given_up_) = true;
    if (estimate.pairs == 0) {
      test.verdict = Verdict::kMissing;
      test.note = "not measured in any valid pair";
      return;
    }
    test.verdict = Verdict::kInconclusive;
    test.note = fmt::format("{}{} of {} planned pairs", lacks_pairs ? "" : "measured in ",
                            estimate.pairs, look_);
  }

  // Holm's, of two families: what is slower, and what is faster. A test that is not complete counts
  // as one, and is not rejected: a session was set to be judged at its looks, and at no other
  // number of pairs.
  static std::vector<Levels> holm_levels(const std::vector<compare::Estimate>& estimates, int look,
                                         double alpha) {
    std::vector<double> slower, faster;
    for (const compare::Estimate& estimate : estimates) {
      const bool is_complete = estimate.pairs >= look;
      slower.push_back(is_complete ? estimate.p_slower() : 1);
      faster.push_back(is_complete ? estimate.p_faster() : 1);
    }
    const auto slower_levels = stats::holm_levels(slower, alpha);
    const auto faster_levels = stats::holm_levels(faster, alpha);
    std::vector<Levels> levels;
    for (std::size_t i = 0; i < estimates.size(); ++i) {
      levels.push_back({slower_levels[i], faster_levels[i]});
    }
    return levels;
  }

  void decide(const compare::Estimate& estimate, const Levels& levels, double threshold,
              MetricTest& test) const {
    const double least = std::log1p(threshold);
    if (estimate.p_slower() <= levels.slower && estimate.mean > least) {
      test.verdict = Verdict::kRegressed;
    } else if (estimate.p_faster() <= levels.faster && estimate.mean < -least) {
      test.verdict = Verdict::kImproved;
    } else if (std::expm1(estimate.bound(report_.pass_error, +1)) < session_.mde) {
      test.verdict = Verdict::kPass;
    } else {
      test.verdict = Verdict::kInconclusive;
      if (estimate.pairs == 0) {
        test.note = "no cell has the planned pairs";
      } else if (!(estimate.df > 0)) {
        test.note = "one pair, and no calibration: the noise is unknown";
      }
    }
  }

  // The next look that is set spends another part of alpha.
  void look_ahead(const compare::Estimate& estimate, const Levels& levels, MetricTest& test) const {
    if (!(estimate.df > 0)) return;
    const std::size_t num_set = session_.looks.size() + session_.later_looks.size();
    const std::size_t next = std::min(place_ + 1, num_set - 1);
    const double change = session_.spending(next) / session_.spending(place_);
    test.deciding_pairs =
        deciding_pairs({.estimate = estimate.mean,
                        .pairs = estimate.pairs,
                        .run_noise = std::sqrt(estimate.variance / 2),
                        .known_df = std::max(0.0, estimate.df - (estimate.pairs - 1)),
                        .level = levels.slower * change,
                        .pass_error = report_.pass_error * change,
                        .min_estimate = std::log1p(input_.rules.min_estimate),
                        .mde = std::log1p(session_.mde)});
    test.note =
        test.deciding_pairs
            ? fmt::format("about {} pairs more would decide", *test.deciding_pairs - estimate.pairs)
            : fmt::format("over {} pairs would not decide", kMaxOutlookPairs);
  }

  void add_notes() {
    if (is_cut_short_) {
      report_.notes.push_back(
          "the session was cut short; what lacks pairs is judged when it has those that were set "
          "beforehand: the same moebench ab goes on with it");
    }
    if (is_given_up_) {
      report_.notes.push_back(
          "too many pairs of a cell do not count, and it was given up: choose a quieter machine, "
          "or a new session with a larger --busy-cores");
    }
    if (hides_slowdown_) report_.notes.push_back(way_on());
    if (input_.calibration.empty()) {
      report_.notes.push_back(
          "no calibration: the noise is known from the session alone, which takes more pairs");
    }
    if (num_halves_ > 0) {
      report_.notes.push_back(
          fmt::format("{} pairs were interrupted and do not count", num_halves_));
    }
    std::map<std::string, int> counts;
    for (const std::string& rule : broken_rules_) ++counts[rule];
    if (!broken_rules_.empty()) {
      report_.notes.push_back(
          fmt::format("{} pairs do not count, by rules set beforehand:", broken_rules_.size()));
    }
    for (const auto& [rule, count] : counts) {
      report_.notes.push_back(fmt::format("  {} x {}", count, rule));
    }
  }

  // What the machine takes for `pairs` pairs of every cell; "" where that was not measured.
  std::string machine_time(int pairs) const {
    double round_ns = 0;
    for (const auto& cell : session_.cells) {
      const auto found = session_pairs_.find(cell.id);
      const auto time = found == session_pairs_.end() ? std::nullopt : pair_time_ns(found->second);
      if (!time) return "";
      round_ns += *time;
    }
    return fmt::format(" ({} of this machine)", duration_text(round_ns * pairs));
  }

  // About how many pairs more decide the whole session; "" where no number is known.
  std::string pairs_more() const {
    int most = 0;
    for (const CellResult& cell : report_.cells) {
      for (const MetricTest& test : cell.tests) {
        if (test.deciding_pairs) most = std::max(most, *test.deciding_pairs - test.pairs);
      }
    }
    if (most == 0) return "";
    return fmt::format("; about {} pairs more of each cell would decide{}", most,
                       machine_time(most));
  }

  // How a session whose noise hides a slowdown is decided.
  std::string way_on() const {
    const std::string state =
        fmt::format("inconclusive after {} pairs of a cell{}", look_, pairs_more());
    if (place_ + 1 < looks_.size()) {
      return fmt::format("{}; the next look is set, at {}: the same moebench ab goes on with it",
                         state, looks_[place_ + 1]);
    }
    const std::size_t used = looks_.size() - session_.looks.size();
    if (used < session_.later_looks.size()) {
      const int next = session_.later_looks[used];
      return fmt::format(
          "{}; the same moebench ab with --extend adds the next look that was set beforehand, at "
          "{} pairs{}",
          state, next, machine_time(next - look_));
    }
    return fmt::format(
        "{}; the noise hides +{:g} %: choose a quieter machine{}, or more --pairs in a new session",
        state, session_.mde * 100,
        input_.calibration.empty() ? ", calibrate it (moebench calibrate)" : "");
  }

  // Cells with pairs that the plan does not know.
  void add_strangers() {
    std::set<std::string> planned;
    for (const auto& cell : session_.cells) planned.insert(cell.id);
    for (const auto& [id, pairs] : session_pairs_) {
      if (planned.contains(id) || pairs.pairs.empty()) continue;
      const CellRecord& base = *pairs.pairs.front().base;
      report_.cells.push_back({id,
                               base.scenario,
                               base.axes,
                               Verdict::kNew,
                               "not among the planned cells; not judged",
                               {},
                               static_cast<int>(pairs.valid().size())});
    }
    if (!has_pairs_) {
      throw Error(
          "no planned cell has a pair: nothing is compared; run moebench ab into this folder");
    }
  }

  const Input& input_;
  const record::Session& session_;
  std::vector<int> looks_;
  std::size_t place_ = 0;        // of the look among them
  int look_ = 0;                 // pairs of a cell by which it is judged
  bool is_cut_short_ = false;    // a cell has fewer, and may get more
  bool is_given_up_ = false;     // a cell has fewer, and gets no more
  bool hides_slowdown_ = false;  // a cell at the look is INCONCLUSIVE
  std::map<std::string, CellPairs> session_pairs_, calibration_pairs_;
  Report report_;
  std::vector<Evidence> evidence_;  // one a cell of the report
  std::vector<compare::Estimate> cell_estimates_, suite_estimates_;
  std::vector<std::pair<std::size_t, std::size_t>> cell_tests_;  // cell, test within it
  bool has_pairs_ = false;                                       // of a planned cell
  int num_halves_ = 0;
  std::vector<std::string> broken_rules_;
};

}  // namespace

Report judge(const Input& input) { return Judge(input).run(); }

}  // namespace moebench::gate
