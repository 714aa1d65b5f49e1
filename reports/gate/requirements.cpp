#include "reports/gate/requirements.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/record/metric_catalogue.h"
#include "harness/stats/distributions.h"
#include "harness/stats/moments.h"
#include "harness/stats/power.h"
#include "harness/stats/quantile.h"
#include "reports/compare/log_ratios.h"
#include "reports/gate/names.h"
#include "reports/gate/outlook.h"

namespace moebench::gate {
namespace {

using record::CellRecord;

struct Interval {
  double value = 0;
  double lower = -HUGE_VAL;
  double upper = HUGE_VAL;
};

// A cell's values of a metric, and where its test lies in the report.
struct Sample {
  std::size_t test = 0;
  std::vector<double> values;
};

bool is_lower_bound(Comparison comparison) {
  return comparison == Comparison::kAtLeast || comparison == Comparison::kAbove;
}

bool holds(double value, const Requirement& requirement) {
  switch (requirement.comparison) {
    case Comparison::kAtLeast:
      return value >= requirement.bound;
    case Comparison::kAtMost:
      return value <= requirement.bound;
    case Comparison::kAbove:
      return value > requirement.bound;
    case Comparison::kBelow:
      return value < requirement.bound;
  }
  return false;
}

// Of an interval both ends must say the same.
Holding holding_of(const Interval& interval, const Requirement& requirement) {
  const bool lower = holds(interval.lower, requirement);
  const bool upper = holds(interval.upper, requirement);
  if (lower != upper) return Holding::kUndecided;
  return lower ? Holding::kHeld : Holding::kBroken;
}

// What one run tells: the worst run decides.
void judge_exact(const Sample& sample, const Requirement& requirement, BoundTest& test) {
  const auto [least, largest] = std::ranges::minmax(sample.values);
  test.value = stats::median(sample.values);
  test.lower = least;
  test.upper = largest;
  const double worst = is_lower_bound(requirement.comparison) ? least : largest;
  test.holding = holds(worst, requirement) ? Holding::kHeld : Holding::kBroken;
}

Interval plain_interval(const std::vector<double>& values, double error) {
  const stats::Moments moments = stats::moments(values);
  if (!(moments.df() > 0)) return {moments.mean};
  const double standard_error =
      std::sqrt(moments.sum_of_squares / moments.df() / static_cast<double>(moments.count));
  const double half = stats::t_quantile(1 - error, moments.df()) * standard_error;
  return {moments.mean, moments.mean - half, moments.mean + half};
}

// About how many runs more would decide, if the estimate were the truth.
std::string runs_more(const compare::Estimate& estimate, const Requirement& requirement,
                      double error) {
  if (!(estimate.df > 0)) return "the noise of one run is not known: repeat it (--repeats)";
  if (!(requirement.bound > 0)) return "";
  // One run stands here where a pair does in the design, whose noise is that of two.
  const stats::PowerDesign design{.run_noise = std::sqrt(estimate.variance / 2),
                                  .alpha = error,
                                  .noise_df = std::max(0.0, estimate.df - (estimate.pairs - 1)),
                                  .min_estimate = -HUGE_VAL};
  const double distance = std::abs(estimate.mean - std::log(requirement.bound));
  const auto needed = stats::pairs_needed(design, distance, kOutlookPower, kMaxOutlookPairs);
  if (!needed) return fmt::format("over {} runs would not decide", kMaxOutlookPairs);
  return fmt::format("about {} runs more would decide", std::max(1, *needed - estimate.pairs));
}

void set_interval(const Interval& interval, const Requirement& requirement, BoundTest& test) {
  test.value = interval.value;
  if (std::isfinite(interval.lower)) test.lower = interval.lower;
  if (std::isfinite(interval.upper)) test.upper = interval.upper;
  test.holding = holding_of(interval, requirement);
}

// The cells learn of each other's noise, as times of the gate do.
void judge_noisy(const std::vector<Sample>& samples, const Requirement& requirement, double error,
                 std::vector<BoundTest>& tests) {
  std::vector<compare::Differences> logs;
  for (const Sample& sample : samples) {
    const bool has_log = std::ranges::all_of(sample.values, [](double value) { return value > 0; });
    logs.push_back({});
    if (!has_log) continue;
    for (const double value : sample.values) logs.back().session.push_back(std::log(value));
  }
  const compare::SharedNoise noise = compare::share_noise(logs);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    BoundTest& test = tests[samples[i].test];
    if (logs[i].session.empty()) {
      set_interval(plain_interval(samples[i].values, error), requirement, test);
      continue;
    }
    const compare::Estimate& estimate = noise.estimates[i];
    const bool is_known = estimate.df > 0;
    set_interval(
        {std::exp(estimate.mean), is_known ? std::exp(estimate.bound(error, -1)) : -HUGE_VAL,
         is_known ? std::exp(estimate.bound(error, +1)) : HUGE_VAL},
        requirement, test);
    if (test.holding == Holding::kUndecided) test.note = runs_more(estimate, requirement, error);
  }
}

class JudgeRequirements {
 public:
  JudgeRequirements(const std::vector<CellRecord>& records, const std::string& today)
      : scenarios_(reports::group_cells(records)), today_(today) {
    for (const auto& scenario : scenarios_) {
      for (const std::string& axis : scenario.varying_axes) {
        if (std::ranges::count(report_.axes, axis) == 0) report_.axes.push_back(axis);
      }
    }
  }

  RequirementReport run(const std::vector<Requirement>& requirements) {
    std::vector<std::vector<Sample>> samples;
    std::size_t num_noisy = 0;
    for (const Requirement& requirement : requirements) {
      samples.push_back(collect(requirement));
      if (!is_exact(requirement)) num_noisy += samples.back().size();
    }
    // Two-sided, all at once (Bonferroni).
    const double error =
        (1 - report_.confidence) / 2 / static_cast<double>(std::max<std::size_t>(1, num_noisy));
    for (std::size_t i = 0; i < requirements.size(); ++i) {
      if (!is_exact(requirements[i])) {
        judge_noisy(samples[i], requirements[i], error, report_.tests);
        continue;
      }
      for (const Sample& sample : samples[i]) {
        judge_exact(sample, requirements[i], report_.tests[sample.test]);
      }
    }
    return std::move(report_);
  }

 private:
  static bool is_exact(const Requirement& requirement) {
    return record::repeats_exactly(record::metric_info(requirement.metric));
  }

  // Adds a test a cell; those that have no values are decided already.
  std::vector<Sample> collect(const Requirement& requirement) {
    std::vector<Sample> samples;
    for (const auto& scenario : scenarios_) {
      for (const reports::Cell& cell : scenario.cells) {
        report_.tests.push_back(test_of(requirement, scenario.name, cell));
        BoundTest& test = report_.tests.back();
        Sample sample{report_.tests.size() - 1, values_of(requirement.metric, cell, test)};
        test.runs = static_cast<int>(sample.values.size());
        if (!sample.values.empty()) samples.push_back(std::move(sample));
      }
    }
    return samples;
  }

  BoundTest test_of(const Requirement& requirement, const std::string& scenario,
                    const reports::Cell& cell) const {
    BoundTest test{.scenario = scenario, .metric = requirement.metric};
    test.unit = record::metric_info(requirement.metric).unit;
    test.words = requirement.words;
    for (const std::string& axis : report_.axes) test.axes.push_back(cell.axis(axis));
    return test;
  }

  // Empty where a run is not ok, or one lacks the metric: the test is decided then.
  std::vector<double> values_of(const std::string& metric, const reports::Cell& cell,
                                BoundTest& test) const {
    if (const CellRecord* failure = cell.failure()) {
      const auto& known = failure->known_failure;
      test.holding = known && known->is_active(today_) ? Holding::kKnownFailure : Holding::kFailed;
      test.note = fmt::format("{}: {}", to_string(failure->disposition),
                              failure->message.substr(0, failure->message.find('\n')));
      return {};
    }
    std::vector<double> values;
    for (const CellRecord* run : cell.repetitions) {
      const auto value = run->value(metric);
      if (value && std::isfinite(*value)) values.push_back(*value);
    }
    if (values.size() == cell.repetitions.size()) return values;
    test.note = values.empty() ? "not measured"
                               : fmt::format("measured in {} of {} runs", values.size(),
                                             cell.repetitions.size());
    return {};
  }

  std::vector<reports::ScenarioCells> scenarios_;
  std::string today_;
  RequirementReport report_;
};

std::string shown(const BoundTest& test, const std::optional<double>& value) {
  const bool is_share =
      record::metric_info(test.metric).format == record::MetricFormat::kShare && value;
  return is_share ? reports::format_share(value) : value_text(value, test.unit);
}

std::string counts_text(const RequirementReport& report) {
  std::string text;
  for (const Holding holding : {Holding::kBroken, Holding::kFailed, Holding::kMissing,
                                Holding::kUndecided, Holding::kKnownFailure, Holding::kHeld}) {
    const auto count = std::ranges::count(report.tests, holding, &BoundTest::holding);
    if (count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(holding));
  }
  return fmt::format("{} requirements of cells: {}.", report.tests.size(), text);
}

}  // namespace

Holding RequirementReport::worst() const {
  return std::ranges::max(tests, {}, &BoundTest::holding).holding;
}

RequirementReport judge_requirements(const std::vector<CellRecord>& records,
                                     const std::vector<Requirement>& requirements,
                                     const std::string& today) {
  return JudgeRequirements(records, today).run(requirements);
}

reports::Document requirement_document(const RequirementReport& report) {
  using reports::Entry;
  using reports::key_column;
  using reports::number_column;
  reports::Table table = {key_column("holds"), key_column("scenario")};
  for (const std::string& axis : report.axes) table.push_back(key_column(axis));
  for (const char* name : {"metric", "required"}) table.push_back(key_column(name));
  for (const char* name : {"value", "from", "to"}) table.push_back(number_column(name));
  table.push_back(number_column("n", reports::kCount));
  table.push_back(reports::words_column("note"));
  std::vector<const BoundTest*> tests;
  for (const BoundTest& test : report.tests) tests.push_back(&test);
  std::ranges::stable_sort(tests, std::ranges::greater{},
                           [](const BoundTest* test) { return test->holding; });
  for (const BoundTest* test : tests) {
    std::vector<Entry> row = {to_string(test->holding), test->scenario};
    row.insert(row.end(), test->axes.begin(), test->axes.end());
    row.insert(row.end(), {test->metric, test->words});
    for (const auto& value : {test->value, test->lower, test->upper}) {
      row.emplace_back(value, shown(*test, value));
    }
    row.emplace_back(static_cast<double>(test->runs));
    row.emplace_back(test->note);
    add_row(table, std::move(row));
  }
  reports::Document document = {
      reports::Heading{1, fmt::format("Requirements: {}", to_string(report.worst()))},
      reports::Paragraph{counts_text(report)}};
  add_table(document, std::move(table));
  add_list(
      document,
      {fmt::format("HELD, BROKEN: all of the interval is on that side of the bound; UNDECIDED: "
                   "the bound lies in it. from, to: of the mean over the runs, all of them at "
                   "once with {:g} %",
                   100 * report.confidence),
       "of what one run tells (memory of the allocator, tokens, losses): the least and the "
       "largest run, of which the worse decides"});
  return document;
}

}  // namespace moebench::gate
