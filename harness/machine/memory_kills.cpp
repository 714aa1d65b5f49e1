#include "harness/machine/memory_kills.h"

#include <fstream>
#include <string>

namespace moebench::machine {
namespace {

// Value of "oom_kill <n>" in a file of such lines, 0 where there is none.
std::int64_t oom_kills(const char* path) {
  std::ifstream in(path);
  std::string key;
  std::int64_t value = 0;
  while (in >> key >> value) {
    if (key == "oom_kill") return value;
  }
  return 0;
}

}  // namespace

std::int64_t count_memory_kills() {
  std::int64_t count = 0;
  for (const char* path : {"/proc/vmstat", "/sys/fs/cgroup/memory.events",
                           "/sys/fs/cgroup/memory/memory.oom_control"}) {
    count += oom_kills(path);
  }
  return count;
}

}  // namespace moebench::machine
