#include "reports/write/agreement.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace moebench::reports {
namespace {

using record::CellRecord;
using record::Disposition;

// An ok record, and what is compared of it: found once, since all pairs of a group are compared.
struct Run {
  CellRecord* record;
  const std::vector<double>* loss;       // null where not measured
  const std::vector<double>* grad_norm;  // null where not measured
  AgreementBound bound;
};
using Group = std::vector<Run>;  // of one scenario and workload

struct Difference {
  const char* metric;
  std::size_t step;  // from 0
  double value;
  double expected;
  double bound;
};

const std::vector<double>* samples_of(const CellRecord& record, const char* metric) {
  const auto found = record.metrics.find(metric);
  return found == record.metrics.end() ? nullptr : &found->second.samples;
}

// The first step at which two series are apart; nullopt where there is none.
std::optional<Difference> first_difference(const std::vector<double>* values,
                                           const std::vector<double>* expected, const char* metric,
                                           double bound) {
  if (values == nullptr || expected == nullptr) return std::nullopt;
  for (std::size_t step = 0; step < std::min(values->size(), expected->size()); ++step) {
    const double value = (*values)[step], other = (*expected)[step];
    // Written so that NaN is a difference.
    if (std::abs(value - other) <= bound * std::abs(other)) continue;
    return Difference{metric, step, value, other, bound};
  }
  return std::nullopt;
}

std::optional<Difference> difference(const Run& run, const Run& reference) {
  const auto loss = first_difference(run.loss, reference.loss, "loss", run.bound.loss);
  return loss ? loss
              : first_difference(run.grad_norm, reference.grad_norm, "grad_norm",
                                 run.bound.grad_norm);
}

bool is_default_reference(const CellRecord& record) {
  return record.axis("parallelism") == "fsdp" && record.axis("expert_kernel") == "loop";
}

const Run& reference_of(const Group& group) {
  const auto rank = [&](const Run& candidate) {
    const auto agreeing = std::ranges::count_if(
        group, [&](const Run& other) { return !difference(other, candidate); });
    return std::pair(agreeing, is_default_reference(*candidate.record));
  };
  std::vector<std::pair<std::ptrdiff_t, bool>> ranks;
  for (const Run& run : group) ranks.push_back(rank(run));
  return group[static_cast<std::size_t>(std::ranges::max_element(ranks) - ranks.begin())];
}

// The axes in which the two differ, with the reference's values.
std::string describe_reference(const CellRecord& record, const CellRecord& reference) {
  std::string text;
  for (const auto& [axis, value] : reference.axes) {
    if (record.axis(axis) != value) {
      text += fmt::format("{}{} {}", text.empty() ? "" : " · ", axis, value);
    }
  }
  return text.empty() ? fmt::format("repetition {}", reference.repetition) : text;
}

void judge(const Group& group) {
  const Run& reference = reference_of(group);
  for (const Run& run : group) {
    const auto apart = difference(run, reference);
    if (!apart) continue;
    run.record->disposition = Disposition::kIncorrect;
    run.record->message = fmt::format(
        "{} of measured step {} is {:.9g}, but {:.9g} with {}: {:.1e} apart, {:.0e} allowed",
        apart->metric, apart->step + 1, apart->value, apart->expected,
        describe_reference(*run.record, *reference.record),
        std::abs(apart->value - apart->expected) / std::abs(apart->expected), apart->bound);
  }
}

}  // namespace

AgreementBound agreement_bound(const CellRecord& record) {
  if (record.axis("dtype") == "fp32") return {1e-5, 1e-4};
  // What bf16 rounds averages out over the tokens of a step; the bounds are those of this many.
  constexpr double kTokens = 2048;
  const auto loss = record.metrics.find("loss");
  const auto tokens = record.value("loss_tokens");
  double factor = 1;
  if (loss != record.metrics.end() && tokens && *tokens > 0) {
    const double a_step =
        *tokens / static_cast<double>(std::max<std::size_t>(1, loss->second.samples.size()));
    factor = std::max(1.0, std::sqrt(kTokens / a_step));
  }
  return {5e-4 * factor, 1e-2 * factor};
}

std::vector<CellRecord> check_agreement(std::vector<CellRecord> records) {
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (CellRecord& record : records) {
    if (record.disposition != Disposition::kOk || record.workload.empty()) continue;
    groups[{record.scenario, record.workload}].push_back({&record, samples_of(record, "loss"),
                                                          samples_of(record, "grad_norm"),
                                                          agreement_bound(record)});
  }
  for (const auto& [key, group] : groups) judge(group);
  return records;
}

}  // namespace moebench::reports
