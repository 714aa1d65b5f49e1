#pragma once

#include <sys/types.h>

namespace moebench::machine {

// Whether a process belongs to this run: this one, and what its parent (the launcher) has started.
// Where the parent is the system's first process, only this one and what it has started. False of
// a process that this one cannot see.
bool is_of_this_run(pid_t pid);

}  // namespace moebench::machine
