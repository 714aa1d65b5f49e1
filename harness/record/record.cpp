#include "harness/record/record.h"

#include <algorithm>

namespace moebench::record {

std::string CellRecord::axis(std::string_view name) const {
  for (const auto& [axis, text] : axes) {
    if (axis == name) return text;
  }
  return "";
}

std::vector<std::string> CellRecord::scenario_names() const {
  if (scenarios.empty()) return {scenario};
  std::vector<std::string> names;
  for (const ScenarioPlace& place : scenarios) {
    if (std::ranges::count(names, place.name) == 0) names.push_back(place.name);
  }
  return names;
}

std::optional<double> CellRecord::value(std::string_view metric) const {
  const auto found = metrics.find(metric);
  if (found != metrics.end()) return found->second.value;
  const auto place = headlines.find(metric);
  return place ? headlines.value(*place) : std::nullopt;
}

const std::string* CellRecord::unit(std::string_view metric) const {
  const auto found = metrics.find(metric);
  if (found != metrics.end()) return &found->second.unit;
  const auto place = headlines.find(metric);
  return place ? &headlines.name(*place).unit : nullptr;
}

}  // namespace moebench::record
