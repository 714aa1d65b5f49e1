#include "harness/outer/remote_command.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>

#include "harness/base/system_error.h"
#include "harness/launch/process.h"

namespace moebench::outer {
namespace {

constexpr std::size_t kMaxUnsent = std::size_t{256} << 10;  // bytes of output that are held
constexpr std::size_t kOutputPiece = std::size_t{32} << 10;
constexpr int kSignalBase = 128;  // as shells add it

struct Pipe {
  Descriptor read, write;
};

Pipe new_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno(errno, "cannot open a pipe");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Runs in the child, which stays between the agent and the command: whichever of the two is killed,
// the other one lives to end what the command has started.
[[noreturn]] void keep(const std::string& command, int out, int err, pid_t agent,
                       const sigset_t& mask) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != agent) ::_exit(kSignalBase + SIGTERM);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  // Of the agent's connections: rank 0 is to see at once where the agent ends.
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  try {
    const launch::ProcessResult result = launch::run_process({.command = {"/bin/sh", "-c", command},
                                                              .environment = {},
                                                              .stdout_path = "/dev/stdout",
                                                              .stderr_path = "/dev/stderr"});
    if (result.interrupted) ::_exit(kSignalBase + SIGTERM);
    ::_exit(result.signal != 0 ? kSignalBase + result.signal : result.exit_code);
  } catch (const std::exception& error) {
    std::cerr << "moebench: " << error.what() << std::endl;
    ::_exit(kExitSystem);
  }
}

}  // namespace

RemoteCommand::RemoteCommand(std::string command, Descriptor connection, const sigset_t& mask,
                             const launch::Descendants& descendants)
    : command_(std::move(command)),
      connection_(std::move(connection)),
      mask_(mask),
      descendants_(descendants) {}

bool RemoteCommand::has_room() const { return unsent_.size() < kMaxUnsent; }

std::vector<pollfd> RemoteCommand::waits() const {
  const short sends = unsent_.empty() ? 0 : POLLOUT;
  std::vector<pollfd> entries = {{connection_.get(), static_cast<short>(POLLIN | sends), 0}};
  if (has_room() && out_.is_open()) entries.push_back({out_.get(), POLLIN, 0});
  if (has_room() && err_.is_open()) entries.push_back({err_.get(), POLLIN, 0});
  return entries;
}

bool RemoteCommand::step() {
  bool is_over = false;
  reader_.add(receive(connection_, is_over));
  while (const auto frame = reader_.next()) {
    if (frame->kind == Kind::kGo && child_ == 0) start();
  }
  if (is_over) return false;
  reap();
  forward(out_, Kind::kOutput);
  forward(err_, Kind::kErrors);
  const bool has_ended = child_ != 0 && !is_running_ && !out_.is_open() && !err_.is_open();
  if (has_ended && !is_told_) {
    unsent_ += encoded({Kind::kExit, std::to_string(exit_code_)});
    is_told_ = true;
  }
  return send_unsent() && !(is_told_ && unsent_.empty());
}

void RemoteCommand::start() {
  Pipe out = new_pipe();
  Pipe err = new_pipe();
  const pid_t agent = ::getpid();
  child_ = ::fork();
  if (child_ < 0) throw_errno(errno, "cannot start a process");
  if (child_ == 0) keep(command_, out.write.get(), err.write.get(), agent, mask_);
  is_running_ = true;
  out_ = std::move(out.read);
  err_ = std::move(err.read);
}

void RemoteCommand::reap() {
  int status = 0;
  if (!is_running_ || ::waitpid(child_, &status, WNOHANG) != child_) return;
  is_running_ = false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
  // Else they might hold the pipes for ever.
  descendants_.end(0);
}

void RemoteCommand::forward(Descriptor& pipe, Kind kind) {
  while (pipe.is_open() && has_room()) {
    std::array<char, kOutputPiece> bytes;
    const ssize_t size = ::read(pipe.get(), bytes.data(), bytes.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      pipe.close();
      return;
    }
    unsent_ += encoded({kind, std::string(bytes.data(), static_cast<std::size_t>(size))});
  }
}

bool RemoteCommand::send_unsent() {
  const long sent = send_some(connection_, unsent_);
  if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
  return sent >= 0;
}

}  // namespace moebench::outer
