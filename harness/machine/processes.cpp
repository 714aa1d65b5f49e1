#include "harness/machine/processes.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/base/error.h"
#include "harness/base/parse.h"

namespace moebench::machine {
namespace {

// A process's file, empty where the process is gone. It can end between the open and the read,
// which
// `<<` survives where stream iterators throw.
std::string content_of(pid_t pid, const char* file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return std::move(content).str();
}

}  // namespace

// The name in /proc/<pid>/stat may hold blanks and parentheses, so fields count from the last ')':
// state, parent, nine others, user time, system time.
std::optional<Process> read_process(pid_t pid) {
  const std::string line = content_of(pid, "stat");
  const auto open = line.find('(');
  const auto close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  Process process{.name = line.substr(open + 1, close - open - 1)};
  std::istringstream rest(line.substr(close + 1));
  std::string skipped;
  rest >> skipped >> process.parent;
  for (int i = 0; i < 9; ++i) rest >> skipped;
  double user = 0, system = 0;
  rest >> user >> system;
  process.jiffies = user + system;
  return process;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  std::error_code error;
  for (std::filesystem::directory_iterator it("/proc", error), end; !error && it != end;
       it.increment(error)) {
    const auto pid = parse_number<pid_t>(it->path().filename().string());
    if (pid) pids.push_back(*pid);
  }
  if (error) {
    throw Error("cannot read /proc: {}; mount it, processes are found there", error.message());
  }
  return pids;
}

bool is_of_this_run(pid_t pid) {
  const pid_t self = ::getpid();
  const pid_t launcher = ::getppid();
  while (pid > 1) {
    if (pid == self || pid == launcher) return true;
    const auto process = read_process(pid);
    pid = process ? process->parent : 0;
  }
  return false;
}

int count_processes(const std::string& command_line) {
  int count = 0;
  for (const pid_t pid : all_processes()) {
    std::string line = content_of(pid, "cmdline");
    std::ranges::replace(line, '\0', ' ');
    count += line == command_line;
  }
  return count;
}

}  // namespace moebench::machine
