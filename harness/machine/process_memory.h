#pragma once

#include <cstdint>
#include <optional>

namespace moebench::machine {

// Resident set size of this process in bytes, now (VmRSS) and at its highest so far (VmHWM);
// nullopt where the system does not tell.
std::optional<std::int64_t> rss_bytes();
std::optional<std::int64_t> peak_rss_bytes();

// peak_rss_bytes() starts again at what is resident now; false where the system does not allow it.
bool reset_peak_rss();

// Hands memory that was freed, but that malloc keeps, back to the system, so that rss_bytes()
// tells what is in use.
void return_freed_memory();

}  // namespace moebench::machine
