#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace moebench {

// Now, in UTC, by ISO 8601: "2024-01-02T03:04:05Z".
std::string utc_now();

// Seconds from 1970 to such a time; nullopt where the text is none.
std::optional<std::int64_t> seconds_since_epoch(const std::string& utc);

}  // namespace moebench
