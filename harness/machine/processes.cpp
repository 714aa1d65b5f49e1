#include "harness/machine/processes.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <sstream>

#include "harness/base/error.h"
#include "harness/base/parse.h"

namespace moebench::machine {

// By plain system calls: a sampler reads these files many times a second. A process can end between
// the open and the read, which then fails.
std::string read_process_file(pid_t pid, const char* file, const std::string& proc) {
  const std::string path = proc + "/" + std::to_string(pid) + "/" + file;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string content;
  std::array<char, 4096> part;
  ssize_t size = 0;
  while ((size = ::read(fd, part.data(), part.size())) > 0 || (size < 0 && errno == EINTR)) {
    if (size > 0) content.append(part.data(), static_cast<std::size_t>(size));
  }
  ::close(fd);
  return size < 0 ? "" : content;
}

// The name in /proc/<pid>/stat may hold blanks and parentheses, so fields count from the last ')':
// state, parent, nine others, user time, system time, six others, start.
std::optional<Process> read_process(pid_t pid, const std::string& proc) {
  const std::string line = read_process_file(pid, "stat", proc);
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
  for (int i = 0; i < 6; ++i) rest >> skipped;
  rest >> process.start_jiffies;
  return process;
}

std::vector<pid_t> all_processes(const std::string& proc) {
  std::vector<pid_t> pids;
  std::error_code error;
  for (std::filesystem::directory_iterator it(proc, error), end; !error && it != end;
       it.increment(error)) {
    const auto pid = parse_number<pid_t>(it->path().filename().string());
    if (pid) pids.push_back(*pid);
  }
  if (error) {
    throw Error("cannot read {}: {}; mount it, processes are found there", proc, error.message());
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
    std::string line = read_process_file(pid, "cmdline");
    std::ranges::replace(line, '\0', ' ');
    count += line == command_line;
  }
  return count;
}

}  // namespace moebench::machine
