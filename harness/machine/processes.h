#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moebench::machine {

// A process as the kernel tells of it.
struct Process {
  std::string name;  // at most 15 characters
  pid_t parent = 0;
  double jiffies = 0;  // user and system time
  // When it started, in jiffies since boot: with the pid, which the kernel gives again, it names a
  // process for good.
  std::int64_t start_jiffies = 0;
};

inline constexpr const char* kProc = "/proc";

// Nothing where the process is gone: it may end at any moment, while it is read too.
std::optional<Process> read_process(pid_t pid, const std::string& proc = kProc);

// All that this one may see. Throws Error where /proc is not mounted.
std::vector<pid_t> all_processes(const std::string& proc = kProc);

// A file of a process's folder, "status" or "cmdline"; empty where the process is gone or keeps it
// to itself.
std::string read_process_file(pid_t pid, const char* file, const std::string& proc = kProc);

// Tells whether a process belongs to this run: this process, and what its parent (the launcher) has
// started. Where the parent is the system's first process, the run is only this one and what it has
// started. Returns false for a process that this one cannot see.
bool is_of_this_run(pid_t pid);

// Counts the processes that have exactly these arguments, each followed by a blank.
int count_processes(const std::string& command_line);

}  // namespace moebench::machine
