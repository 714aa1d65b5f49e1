#pragma once

#include <string>
#include <vector>

namespace moebench::launch {

// What a short command said, as text.
struct CommandOutput {
  int exit_code = 0;  // 128 + N where signal N ended it
  bool timed_out = false;
  std::string out{};
  std::string err{};
};

// Runs a program of PATH or of that path to its end, for at most `time_limit_s`. Error where it
// cannot be started.
CommandOutput command_output(const std::vector<std::string>& command, double time_limit_s);

}  // namespace moebench::launch
