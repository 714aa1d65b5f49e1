#include "harness/merge/metric_warnings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "harness/record/metric_catalogue.h"

namespace moebench::merge {
namespace {

constexpr std::size_t kMaxNames = 6;  // a worker may have a whole family of them

std::string listed(const std::set<std::string>& names) {
  const std::vector<std::string> all(names.begin(), names.end());
  if (all.size() <= kMaxNames) return fmt::format("{}", fmt::join(all, ", "));
  return fmt::format("{} and {} more", fmt::join(all.begin(), all.begin() + kMaxNames, ", "),
                     all.size() - kMaxNames);
}

}  // namespace

std::vector<std::string> metric_warnings(const RankResults& ranks) {
  std::set<std::string> unknown;
  std::map<std::string, std::string> in_other_units;
  for (const auto& rank : ranks) {
    if (!rank) continue;
    for (const auto& [name, metric] : rank->metrics) {
      const record::MetricInfo* info = record::find_metric(name);
      if (info == nullptr || info->over_ranks == record::OverRanks::kNotOfRanks) {
        unknown.insert(name);
      } else if (metric.unit != info->unit) {
        in_other_units.try_emplace(
            name, fmt::format("{} is left out: rank {} has it in '{}', not in '{}'", name,
                              rank->rank, metric.unit, info->unit));
      }
    }
  }
  std::vector<std::string> warnings;
  if (!unknown.empty()) {
    warnings.push_back(fmt::format(
        "the worker hands over metrics that this moebench does not know; they stand in the record "
        "for each rank, and in no table: {}",
        listed(unknown)));
  }
  for (const auto& [name, warning] : in_other_units) warnings.push_back(warning);
  return warnings;
}

}  // namespace moebench::merge
