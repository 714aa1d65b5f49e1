#pragma once

#include <cstdint>
#include <string>

namespace moebench::machine {

// Memory that this process and all that it starts may use together.
struct MemoryLimit {
  std::int64_t bytes = 0;    // 0: unknown
  bool is_of_group = false;  // of a control group, not of the machine
};

inline constexpr const char* kCgroupRoot = "/sys/fs/cgroup";
inline constexpr const char* kOwnCgroups = "/proc/self/cgroup";

// Returns the machine's memory, or the smallest limit of the control groups (version 1 or 2) that
// this process is in, and of those above them, where that is less. Swap is not counted.
MemoryLimit read_memory_limit(const std::string& cgroup_root = kCgroupRoot,
                              const std::string& own_cgroups = kOwnCgroups);

}  // namespace moebench::machine
