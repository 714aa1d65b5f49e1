#pragma once

#include <cstdint>
#include <optional>

namespace moebench::machine {

// User and system time in seconds: of this process and of those that it waited for, with all that
// they in turn waited for.
double own_cpu_s();
double reaped_cpu_s();

// What the processes of a run used, as their end tells it.
struct TreeUsage {
  double wall_s = 0;  // until the last of them ended
  // Of every process that its parent waited for. What nobody waited for is missed: children of a
  // parent that ignores SIGCHLD.
  double cpu_s = 0;
  // Of the process with the most. nullopt where the driver ended the run, or where its own memory
  // at the fork, which the kernel counts as the child's, is larger.
  std::optional<std::int64_t> rss_peak_bytes{};
};

}  // namespace moebench::machine
