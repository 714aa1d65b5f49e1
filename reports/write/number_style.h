#pragma once

#include "harness/base/units.h"
#include "reports/write/format_value.h"

namespace moebench::reports {

// Says how the numbers of a column are printed: format(value / divisor) below the title and, where
// there is one, the printed unit. Programs get the value itself, in the base unit.
struct NumberStyle {
  const char* unit = "1";  // base unit, as in records: "bytes", "ns", "tokens/s", "1"
  const char* printed_unit = "";
  double divisor = 1;
  Formatter format = format_number;
};

inline constexpr NumberStyle kPlain;
inline constexpr NumberStyle kCount{.format = format_count};
inline constexpr NumberStyle kShare{.format = format_share};
inline constexpr NumberStyle kChange{.format = format_change};
inline constexpr NumberStyle kFactor{.format = format_factor};
inline constexpr NumberStyle kSeconds{"ns", "s", kNsPerSecond};
inline constexpr NumberStyle kMilliseconds{"ns", "ms", kNsPerMillisecond};
inline constexpr NumberStyle kMegabytes{"bytes", "MB", 1e6};
inline constexpr NumberStyle kGigabytesPerSecond{"bytes/s", "GB/s", 1e9};
inline constexpr NumberStyle kTokens{.unit = "tokens", .format = format_count};
inline constexpr NumberStyle kTokensPerSecond{.unit = "tokens/s"};

// Drops the printed unit, for titles that say it themselves, or where it is clear.
constexpr NumberStyle without_printed_unit(NumberStyle style) {
  style.printed_unit = "";
  return style;
}
inline constexpr NumberStyle kBareGigabytesPerSecond = without_printed_unit(kGigabytesPerSecond);

// GB, MB, kB or B, as fits the largest of the values.
inline NumberStyle bytes_style(const std::vector<std::optional<double>>& values) {
  const Unit unit = byte_unit(values);
  return {"bytes", unit.name, unit.divisor};
}

}  // namespace moebench::reports
