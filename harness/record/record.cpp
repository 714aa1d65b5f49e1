#include "harness/record/record.h"

namespace moebench::record {

std::string CellRecord::axis(std::string_view name) const {
  for (const auto& [axis, text] : axes) {
    if (axis == name) return text;
  }
  return "";
}

std::optional<double> CellRecord::value(std::string_view metric) const {
  const auto found = metrics.find(std::string(metric));
  return found == metrics.end() ? std::nullopt : found->second.value;
}

}  // namespace moebench::record
