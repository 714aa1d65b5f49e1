#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/file.h"

// Starts the program moebench as a user does; for tests, which define MOEBENCH_PROGRAM.
namespace moebench {

struct Output {
  int exit_code = -1;  // -signal where one ended it
  std::string out;
  std::string err;
};

// Runs in `folder`, where stdout and stderr go to the files out and err; `prepare` is called in the
// new process before.
inline pid_t start_moebench(
    std::vector<std::string> words, const std::filesystem::path& folder,
    const std::function<void()>& prepare = [] {}) {
  words.insert(words.begin(), MOEBENCH_PROGRAM);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const auto redirect = [&](const char* name, int fd) {
    ::dup2(::open((folder / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), fd);
  };
  redirect("out", STDOUT_FILENO);
  redirect("err", STDERR_FILENO);
  prepare();
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

inline Output finish_moebench(pid_t pid, const std::filesystem::path& folder) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_file(folder / "out"),
          read_file(folder / "err")};
}

}  // namespace moebench
