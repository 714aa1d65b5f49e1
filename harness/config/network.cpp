#include "harness/config/network.h"

#include <fmt/format.h>

#include <array>

#include "harness/base/parse.h"

namespace moebench::config {
namespace {

struct RateUnit {
  const char* name;
  double bits_per_second;
};
constexpr std::array kRateUnits = {RateUnit{"gbit", 1e9}, RateUnit{"mbit", 1e6},
                                   RateUnit{"kbit", 1e3}};

}  // namespace

std::optional<double> link_rate(std::string_view text) {
  for (const RateUnit& unit : kRateUnits) {
    if (!text.ends_with(unit.name)) continue;
    const std::string_view number =
        text.substr(0, text.size() - std::string_view(unit.name).size());
    const auto value = parse_number<double>(number);
    if (!value || !(*value * unit.bits_per_second >= 1e3)) return std::nullopt;
    return *value * unit.bits_per_second;
  }
  return std::nullopt;
}

std::string link_rate_text(double bits_per_second) {
  for (const RateUnit& unit : kRateUnits) {
    const double number = bits_per_second / unit.bits_per_second;
    if (number >= 1 || unit.name == kRateUnits.back().name) {
      return fmt::format("{:g}{}", number, unit.name);
    }
  }
  return "";
}

}  // namespace moebench::config
