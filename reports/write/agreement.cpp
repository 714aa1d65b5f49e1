#include "reports/write/agreement.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/record/agreement.h"
#include "reports/write/axis_values.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using record::Disposition;

using Group = std::vector<CellRecord*>;  // of one scenario and workload

bool is_default_reference(const CellRecord& record) {
  return record.axis("parallelism") == "fsdp" && record.axis("expert_kernel") == "loop";
}

// Of so many arms each is tried as the reference; of more as many, evenly spread.
constexpr std::size_t kMaxCandidates = 64;

// In the order in which they are preferred.
Group candidates_of(const Group& group) {
  Group candidates = group;
  std::ranges::stable_partition(
      candidates, [](const CellRecord* record) { return is_default_reference(*record); });
  if (candidates.size() <= kMaxCandidates) return candidates;
  Group spread;
  for (std::size_t i = 0; i < kMaxCandidates; ++i) {
    spread.push_back(candidates[i * candidates.size() / kMaxCandidates]);
  }
  return spread;
}

const CellRecord& reference_of(const Group& group) {
  Group others = group;  // first those that the best one disagrees with: likely the next does, too
  const CellRecord* best = group.front();
  std::size_t fewest = group.size() + 1;
  for (const CellRecord* candidate : candidates_of(group)) {
    Group apart, rest;
    for (CellRecord* other : others) {
      (disagreement(*other, *candidate) ? apart : rest).push_back(other);
      if (apart.size() == fewest) break;
    }
    if (apart.size() == fewest) continue;
    best = candidate;
    fewest = apart.size();
    others = std::move(apart);
    others.insert(others.end(), rest.begin(), rest.end());
    if (fewest == 0) break;
  }
  return *best;
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
    const auto apart = disagreement(*record, reference);
    if (!apart) continue;
    record->disposition = Disposition::kIncorrect;
    record->message =
        fmt::format("{}: {:.1e} apart from {}, {:.1e} allowed", apart->quantity(),
                    apart->difference, describe_reference(*record, reference), apart->allowed);
  }
}

}  // namespace

std::vector<CellRecord> check_agreement(std::vector<CellRecord> records) {
  std::map<std::array<std::string, 3>, Group> groups;  // scenario, workload, results folder
  for (CellRecord& record : records) {
    if (record.disposition != Disposition::kOk || record.workload.empty()) continue;
    for (const std::string& scenario : record.scenario_names()) {
      groups[{scenario, record.workload, record.axis(kResultsAxis)}].push_back(&record);
    }
  }
  for (const auto& [key, group] : groups) judge(group);
  return records;
}

}  // namespace moebench::reports
