#pragma once

#include <cstdint>

namespace moebench::machine {

// Grows with every process that the kernel's out-of-memory killer ends: the sum of the machine's
// and the cgroup's counts, since a container may show only one. Only for comparing two readings.
std::int64_t count_memory_kills();

}  // namespace moebench::machine
