#pragma once

#include <sys/types.h>

namespace moebench::machine {

// The parent of a process, 0 where the process is gone.
pid_t parent_of(pid_t pid);

}  // namespace moebench::machine
