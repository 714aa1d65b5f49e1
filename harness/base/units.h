#pragma once

#include <cstdint>

namespace moebench {

// Base units inside the program are bytes and nanoseconds; only writers convert.
inline constexpr double kBytesPerGigabyte = 1e9;
inline constexpr double kNsPerSecond = 1e9;
inline constexpr double kNsPerMillisecond = 1e6;
inline constexpr std::int64_t kMebibyte = 1 << 20;

}  // namespace moebench
