#include "harness/measure/process_tree.h"

#include <unistd.h>

#include <charconv>
#include <fstream>
#include <string>

namespace moebench::measure {
namespace {

// 0 where it is gone. In /proc/<pid>/stat the name may hold spaces and parentheses, so fields
// count from the last ')': state, then the parent.
pid_t parent_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(in, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos || name_end + 4 >= line.size()) return 0;
  pid_t parent = 0;
  std::from_chars(line.data() + name_end + 4, line.data() + line.size(), parent);
  return parent;
}

}  // namespace

bool is_of_this_run(pid_t pid) {
  const pid_t self = ::getpid();
  const pid_t launcher = ::getppid();
  for (; pid > 1; pid = parent_of(pid)) {
    if (pid == self || pid == launcher) return true;
  }
  return false;
}

}  // namespace moebench::measure
