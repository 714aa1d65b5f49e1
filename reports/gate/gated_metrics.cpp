#include "reports/gate/gated_metrics.h"

#include <algorithm>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/words.h"

namespace moebench::gate {
namespace {

using record::MetricInfo;

// A series that is added up has none.
bool has_number(const MetricInfo& info) { return info.over_ranks != record::OverRanks::kAddUp; }

// Times, energy and memory are better small, rates large (compare::log_ratio).
bool has_direction(const MetricInfo& info) {
  constexpr std::string_view kUnits[] = {"ns", "J", "bytes"};
  return std::ranges::count(kUnits, info.unit) > 0 || info.unit.ends_with("/s");
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const MetricInfo& info : record::metric_catalogue()) {
    if (has_number(info) && !info.is_family()) names.emplace_back(info.name);
  }
  return names;
}

}  // namespace

const MetricInfo& measured_metric(const std::string& name, std::string_view option) {
  const MetricInfo* info = record::find_metric(name);
  if (info == nullptr) {
    throw Error("{}: no metric '{}'; {}", option, shortened(name), suggestion(name, known_names()));
  }
  if (!has_number(*info) || name.find('*') != std::string::npos) {
    throw Error("{}: '{}' has no number for a run: {}", option, shortened(name), info->definition);
  }
  return *info;
}

void check_gated_metric(const std::string& name, config::Measure measure) {
  constexpr const char* kOption = "--metric";
  const MetricInfo& info = measured_metric(name, kOption);
  if (info.gate.kind != record::GateRule::Kind::kNone) {
    throw Error("{}: '{}' is judged in every session, since one run tells it; leave it out",
                kOption, name);
  }
  if (!has_direction(info)) {
    throw Error(
        "{}: '{}' is no time, rate, memory or energy, and nothing says which way it is worse; "
        "moebench gate --require sets a bound to any metric",
        kOption, name);
  }
  const bool is_load = measure == config::Measure::kLoad;
  const bool is_of_others =
      info.required == (is_load ? record::Required::kTraining : record::Required::kLoading);
  if (is_of_others) {
    throw Error("{}: '{}' is not measured where {}", kOption, name,
                is_load ? "weights are loaded and nothing is trained"
                        : "a model is trained, only where 'measure: load' says so");
  }
}

}  // namespace moebench::gate
