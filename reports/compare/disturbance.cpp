#include "reports/compare/disturbance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "reports/compare/fingerprint.h"
#include "reports/compare/hosts.h"

namespace moebench::compare {
namespace {

// What was observed beside one of the two alone says nothing of their difference.
std::optional<std::pair<double, double>> both(const record::CellRecord& a,
                                              const record::CellRecord& b, const char* metric) {
  const auto of_a = a.value(metric);
  const auto of_b = b.value(metric);
  if (!of_a || !of_b) return std::nullopt;
  return std::pair(*of_a, *of_b);
}

// By heat, or as its hardware asks for. The cap of its power is no disturbance: a run that draws
// more meets it by itself.
bool is_slowed_by_heat(const record::CellRecord& record) {
  const auto reasons = record.environment.find("gpu_throttle_reasons");
  if (reasons == record.environment.end()) return false;
  return reasons->second.find("thermal") != std::string::npos ||
         reasons->second.find("hw_slowdown") != std::string::npos;
}

}  // namespace

std::string broken_rule(const record::CellRecord& base, const std::string& base_name,
                        const record::CellRecord& candidate, const std::string& candidate_name,
                        const DisturbanceRules& rules) {
  // Runs of thousands share their environment, which is quickly seen.
  if (!(base.environment == candidate.environment)) {
    const std::string change = difference(machine_fingerprint(candidate.environment),
                                          machine_fingerprint(base.environment));
    if (!change.empty()) return "the machine changed: " + change;
    const std::string hosts = hosts_difference(candidate, base);
    if (!hosts.empty()) return fmt::format("other hosts beside the {}: {}", candidate_name, hosts);
    const bool base_is_slowed = is_slowed_by_heat(base);
    if (base_is_slowed != is_slowed_by_heat(candidate)) {
      return fmt::format("a GPU slowed itself down beside the {}",
                         base_is_slowed ? base_name : candidate_name);
    }
  }
  const auto others = both(base, candidate, "other_cores");
  const double busy = others ? others->first - others->second : 0;
  if (std::abs(busy) > rules.busy_cores) {
    return fmt::format("other processes took {:.2f} cores more beside the {}", std::abs(busy),
                       busy > 0 ? base_name : candidate_name);
  }
  for (const record::CellRecord* run : {&base, &candidate}) {
    const double swapped = run->value("swap_growth").value_or(0);
    if (swapped > rules.swap_bytes) return fmt::format("{:.0f} MB were swapped out", swapped / 1e6);
  }
  const auto clocks = both(base, candidate, "core_clock");
  if (!clocks) return "";
  const auto [lower, higher] = std::minmax(clocks->first, clocks->second);
  if (lower > 0 && lower < higher * (1 - rules.clock_drop)) {
    return fmt::format("the clock dropped from {:.0f} to {:.0f} MHz", higher / 1e6, lower / 1e6);
  }
  return "";
}

}  // namespace moebench::compare
