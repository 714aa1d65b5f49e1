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
using Group = std::vector<CellRecord*>;  // ok records of one scenario and workload

struct Difference {
  const char* metric;
  std::size_t step;  // from 0
  double value;
  double expected;
  double bound;
};

// The first step at which two series are apart; nullopt where there is none.
std::optional<Difference> first_difference(const CellRecord& record, const CellRecord& reference,
                                           const char* metric, double bound) {
  const auto mine = record.metrics.find(metric);
  const auto other = reference.metrics.find(metric);
  if (mine == record.metrics.end() || other == reference.metrics.end()) return std::nullopt;
  const auto& values = mine->second.samples;
  const auto& expected = other->second.samples;
  for (std::size_t step = 0; step < std::min(values.size(), expected.size()); ++step) {
    const double apart = std::abs(values[step] - expected[step]);
    // Written so that NaN is a difference.
    if (apart <= bound * std::abs(expected[step])) continue;
    return Difference{metric, step, values[step], expected[step], bound};
  }
  return std::nullopt;
}

std::optional<Difference> difference(const CellRecord& record, const CellRecord& reference) {
  const AgreementBound bound = agreement_bound(record);
  const auto loss = first_difference(record, reference, "loss", bound.loss);
  return loss ? loss : first_difference(record, reference, "grad_norm", bound.grad_norm);
}

bool is_default_baseline(const CellRecord& record) {
  return record.axis("parallelism") == "fsdp" && record.axis("expert_kernel") == "loop";
}

const CellRecord& reference_of(const Group& group) {
  const auto rank = [&](const CellRecord* candidate) {
    const auto agreeing = std::ranges::count_if(
        group, [&](const CellRecord* other) { return !difference(*other, *candidate); });
    return std::pair(agreeing, is_default_baseline(*candidate));
  };
  return **std::ranges::max_element(group, {}, rank);
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
  const CellRecord& reference = reference_of(group);
  for (CellRecord* record : group) {
    const auto apart = difference(*record, reference);
    if (!apart) continue;
    record->disposition = Disposition::kIncorrect;
    record->message = fmt::format(
        "{} of measured step {} is {:.9g}, but {:.9g} with {}: {:.1e} apart, {:.0e} allowed",
        apart->metric, apart->step + 1, apart->value, apart->expected,
        describe_reference(*record, reference),
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
    groups[{record.scenario, record.workload}].push_back(&record);
  }
  for (const auto& [key, group] : groups) judge(group);
  return records;
}

}  // namespace moebench::reports
