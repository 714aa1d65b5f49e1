#include "reports/gate/exact_tests.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "harness/stats/quantile.h"
#include "reports/write/agreement.h"

namespace moebench::gate {
namespace {

using record::CellRecord;
using Runs = std::vector<const CellRecord*>;

enum class Kind { kNoMore, kSame, kLoss };

struct ExactMetric {
  const char* name;
  Kind kind;
  double tolerance;  // relative; of kLoss that of the number format
};

// The allocator repeats to the byte; the room is for what a library may round elsewhere.
constexpr double kMemory = 1e-3;
constexpr double kImbalance = 1e-2;
constexpr ExactMetric kMetrics[] = {
    {"mem_alloc", Kind::kNoMore, kMemory},
    {"mem_peak", Kind::kNoMore, kMemory},
    {"mem_peak_imbalance", Kind::kNoMore, kImbalance},
    {"real_tokens", Kind::kSame, 0},
    {"padding_tokens", Kind::kSame, 0},
    {"loss_tokens", Kind::kSame, 0},
    {"dropped_rows", Kind::kNoMore, 0},
    {"load_bytes_needed", Kind::kSame, 0},
    {"load_bytes_read", Kind::kNoMore, kMemory},
    {"loss", Kind::kLoss, 0},
};

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
  return metric == "mem_peak_imbalance" ? imbalance(run, "mem_peak") : run.value(metric);
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

void judge(const ExactMetric& metric, const CellRecord& run, MetricTest& test) {
  const double change = relative(*test.base, *test.candidate);
  test.change = Change{change};
  double tolerance = metric.tolerance;
  if (metric.kind == Kind::kLoss) tolerance = reports::agreement_bound(run).loss;
  const bool is_two_sided = metric.kind != Kind::kNoMore;
  const bool is_worse = (is_two_sided ? std::abs(change) : change) > tolerance;
  test.verdict = is_worse ? Verdict::kRegressed : Verdict::kPass;
  if (!is_worse) return;
  test.note = fmt::format("allowed: {}{:.3g} %", is_two_sided ? "±" : "+", tolerance * 100);
}

}  // namespace

std::vector<MetricTest> exact_tests(const Runs& base, const Runs& candidate) {
  std::vector<MetricTest> tests;
  if (base.empty() || candidate.empty()) return tests;
  const bool same_work = base.front()->workload == candidate.front()->workload;
  for (const ExactMetric& metric : kMetrics) {
    if (!same_work && metric.kind != Kind::kNoMore) continue;
    MetricTest test{.metric = metric.name, .unit = unit_of(base, metric.name)};
    test.base = median_of(base, metric.name);
    test.candidate = median_of(candidate, metric.name);
    test.pairs = static_cast<int>(std::min(base.size(), candidate.size()));
    if (!test.base) continue;
    if (test.candidate) {
      judge(metric, *base.front(), test);
    } else {
      test.note = "the candidate did not measure it";
    }
    tests.push_back(std::move(test));
  }
  return tests;
}

}  // namespace moebench::gate
