#pragma once

#include <string>

namespace moebench {

// Now, in UTC, by ISO 8601: "2024-01-02T03:04:05Z".
std::string utc_now();

}  // namespace moebench
