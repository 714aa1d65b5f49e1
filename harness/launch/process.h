#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "harness/machine/cpu_time.h"

namespace moebench::launch {

using EnvironmentVariables = std::vector<std::pair<std::string, std::string>>;

struct ProcessOptions {
  std::vector<std::string> command;  // absolute program path or a name found in PATH
  EnvironmentVariables environment;  // added to, or replacing, the driver's own
  std::filesystem::path stdout_path;
  std::filesystem::path stderr_path;
  double time_limit_s = 0;  // 0 = none
  // Of how much longer all that is started shall take: 0.2 stops it for a sixth of the time. For
  // tests of what finds a slowdown.
  double slowdown = 0;
  // Called once the program runs; a program that ends at once may be a zombie by then.
  std::function<void(pid_t)> on_start = {};
  std::function<void()> on_tick = {};     // called about five times a second, and once at the end
  std::function<bool()> should_end = {};  // asked before each tick: true ends it as the limit does
};

struct ProcessResult {
  int exit_code = 0;  // of a child that exited; 0 otherwise
  int signal = 0;     // that ended the child; 0 otherwise
  bool timed_out = false;
  bool given_up = false;  // should_end() said so
  bool interrupted = false;
  int num_outlived = 0;        // descendants that outlived the child by seconds and were killed
  machine::TreeUsage usage{};  // of the child and all its descendants
};

// Runs a child in its own process group and waits for its end. At the time limit, once
// should_end() or interrupted() is true, it ends every descendant: SIGTERM, then SIGKILL after two
// seconds. On return no descendant that this call started is alive, whatever group, session or
// parent it moved to. Error where the program cannot be started. Not for use in threads: one at a
// time.
ProcessResult run_process(const ProcessOptions& options);

// Makes SIGINT, SIGTERM and SIGHUP end the running child tidily instead of the driver.
void handle_interrupts();

// True once one of these signals arrived.
bool interrupted();

// Waits until one arrives, so long at the most; interrupted().
bool interrupted_within(std::chrono::milliseconds time);

// Forgets that a signal has arrived, for tests.
void clear_interrupt();

}  // namespace moebench::launch
