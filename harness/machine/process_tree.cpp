#include "harness/machine/process_tree.h"

#include <unistd.h>

#include "harness/machine/parent_process.h"

namespace moebench::machine {
bool is_of_this_run(pid_t pid) {
  const pid_t self = ::getpid();
  const pid_t launcher = ::getppid();
  for (; pid > 1; pid = parent_of(pid)) {
    if (pid == self || pid == launcher) return true;
  }
  return false;
}

}  // namespace moebench::machine
