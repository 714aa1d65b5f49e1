#include "harness/machine/parent_process.h"

#include <charconv>
#include <fstream>
#include <string>

namespace moebench::machine {

// In /proc/<pid>/stat the name may hold spaces and parentheses, so fields count from the last ')':
// state, then the parent.
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

}  // namespace moebench::machine
