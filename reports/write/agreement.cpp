#include "reports/write/agreement.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/record/agreement.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using record::Disposition;

using Group = std::vector<CellRecord*>;  // of one scenario and workload

bool is_default_reference(const CellRecord& record) {
  return record.axis("parallelism") == "fsdp" && record.axis("expert_kernel") == "loop";
}

const CellRecord& reference_of(const Group& group) {
  const auto rank = [&](const CellRecord* candidate) {
    const auto agreeing = std::ranges::count_if(
        group, [&](const CellRecord* other) { return !disagreement(*other, *candidate); });
    return std::pair(agreeing, is_default_reference(*candidate));
  };
  std::vector<std::pair<std::ptrdiff_t, bool>> ranks;
  for (const CellRecord* record : group) ranks.push_back(rank(record));
  return *group[static_cast<std::size_t>(std::ranges::max_element(ranks) - ranks.begin())];
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
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (CellRecord& record : records) {
    if (record.disposition != Disposition::kOk || record.workload.empty()) continue;
    for (const std::string& scenario : record.scenario_names()) {
      groups[{scenario, record.workload}].push_back(&record);
    }
  }
  for (const auto& [key, group] : groups) judge(group);
  return records;
}

}  // namespace moebench::reports
