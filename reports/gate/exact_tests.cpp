#include "reports/gate/exact_tests.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "harness/record/agreement.h"
#include "harness/record/metric_catalogue.h"
#include "harness/stats/quantile.h"
#include "reports/gate/names.h"

namespace moebench::gate {
namespace {

using record::CellRecord;
using Runs = std::vector<const CellRecord*>;

using Kind = record::GateRule::Kind;

struct ExactMetric {
  std::string name;
  record::GateRule rule;
};

// Says how unevenly the ranks need memory: it is computed here of mem_peak, and so in no record.
constexpr const char* kImbalance = "mem_peak_imbalance";
// Beside it the same number of bytes counts as none as of mem_peak itself.
constexpr double kImbalanceTolerance = 1e-2;

// Those of the catalogue in its order, each with what is computed of it.
std::vector<ExactMetric> exact_metrics() {
  std::vector<ExactMetric> metrics;
  for (const record::MetricInfo& info : record::metric_catalogue()) {
    if (info.gate.kind == Kind::kNone) continue;
    metrics.push_back({std::string(info.name), info.gate});
    if (info.name == "mem_peak") {
      metrics.push_back({kImbalance, {Kind::kNoMore, kImbalanceTolerance, info.gate.absolute}});
    }
  }
  return metrics;
}

// Largest rank / mean over the ranks.
std::optional<double> imbalance(const CellRecord& run, const char* metric) {
  const auto found = run.metrics.find(metric);
  if (found == run.metrics.end() || found->second.per_rank.size() < 2) return std::nullopt;
  double sum = 0, largest = 0;
  for (const auto& value : found->second.per_rank) {
    if (!value) return std::nullopt;
    sum += *value;
    largest = std::max(largest, *value);
  }
  if (!(sum > 0)) return std::nullopt;
  return largest * static_cast<double>(found->second.per_rank.size()) / sum;
}

std::optional<double> value_of(const CellRecord& run, const std::string& metric) {
  return metric == kImbalance ? imbalance(run, "mem_peak") : run.value(metric);
}

std::optional<double> median_of(const Runs& runs, const std::string& metric) {
  std::vector<double> values;
  for (const CellRecord* run : runs) {
    if (const auto value = value_of(*run, metric)) values.push_back(*value);
  }
  return stats::median(std::move(values));
}

std::string unit_of(const Runs& runs, const std::string& metric) {
  for (const CellRecord* run : runs) {
    const auto found = run->metrics.find(metric);
    if (found != run->metrics.end()) return found->second.unit;
  }
  return "1";
}

double relative(double base, double candidate) {
  if (base == candidate) return 0;
  return base == 0 ? HUGE_VAL : (candidate - base) / std::abs(base);
}

// The loss at the end of a run has drifted as far as rounding grows; what the two compute is judged
// where they begin.
void judge_loss(const CellRecord& base, const CellRecord& candidate, MetricTest& test) {
  const auto apart = record::disagreement(candidate, base);
  test.change = Change{relative(*test.base, *test.candidate)};
  test.verdict = apart ? Verdict::kRegressed : Verdict::kPass;
  if (!apart) return;
  test.note = fmt::format("{}: {:.1e} apart, {:.1e} allowed", apart->quantity(), apart->difference,
                          apart->allowed);
}

// What the candidate may have more, in the metric's unit.
double allowance(const ExactMetric& metric, const Runs& base, double base_value) {
  double absolute = metric.rule.absolute;
  if (metric.name == kImbalance) {
    // Largest / mean grows by so much where the largest rank has so many bytes more.
    absolute *= base_value / median_of(base, "mem_peak").value_or(base_value);
  }
  return std::max(metric.rule.tolerance * std::abs(base_value), absolute);
}

// "+0.1 %, at least 500 kB".
std::string allowance_text(const record::GateRule& rule) {
  const bool is_two_sided = rule.kind != Kind::kNoMore;
  std::string text = fmt::format("{}{:.3g} %", is_two_sided ? "±" : "+", rule.tolerance * 100);
  if (rule.absolute > 0) text += ", at least " + value_text(rule.absolute, "bytes");
  return text;
}

void judge(const ExactMetric& metric, double allowed, MetricTest& test) {
  const double growth = *test.candidate - *test.base;
  test.change = Change{relative(*test.base, *test.candidate)};
  const bool is_two_sided = metric.rule.kind != Kind::kNoMore;
  const bool is_worse = (is_two_sided ? std::abs(growth) : growth) > allowed;
  const bool is_better = !is_two_sided && -growth > allowed;
  test.verdict = is_worse ? Verdict::kRegressed : is_better ? Verdict::kImproved : Verdict::kPass;
  const double by_share = metric.rule.tolerance * std::abs(*test.base);
  const bool is_by_absolute = !is_worse && !is_better && std::abs(growth) > by_share;
  if (is_worse) test.note = "allowed: " + allowance_text(metric.rule);
  if (is_by_absolute) {
    test.note =
        fmt::format("less than {} counts as none", value_text(metric.rule.absolute, "bytes"));
  }
}

}  // namespace

std::vector<MetricTest> exact_tests(const Runs& base, const Runs& candidate) {
  std::vector<MetricTest> tests;
  if (base.empty() || candidate.empty()) return tests;
  const bool same_work = base.front()->workload == candidate.front()->workload;
  for (const ExactMetric& metric : exact_metrics()) {
    if (!same_work && metric.rule.kind != Kind::kNoMore) continue;
    MetricTest test{.metric = metric.name, .unit = unit_of(base, metric.name)};
    test.base = median_of(base, metric.name);
    test.candidate = median_of(candidate, metric.name);
    test.pairs = static_cast<int>(std::min(base.size(), candidate.size()));
    if (!test.base) continue;
    if (test.candidate && metric.rule.kind == Kind::kLoss) {
      judge_loss(*base.front(), *candidate.front(), test);
    } else if (test.candidate) {
      judge(metric, allowance(metric, base, *test.base), test);
    } else {
      test.note = "the candidate did not measure it";
    }
    tests.push_back(std::move(test));
  }
  return tests;
}

}  // namespace moebench::gate
