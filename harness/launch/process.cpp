#include "harness/launch/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/system_error.h"
#include "harness/launch/blocked_signals.h"
#include "harness/launch/descendants.h"
#include "harness/machine/process_memory.h"

namespace moebench::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kTick = 0.2;   // seconds between two looks; the ranks need the cores
constexpr double kGrace = 2.0;  // seconds from SIGTERM, or the child's own end, to SIGKILL

volatile std::sig_atomic_t interrupt_arrived = 0;

void on_interrupt(int) { interrupt_arrived = 1; }

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int open_for_child(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) throw_errno(errno, "cannot write '" + path.string() + "'");
  return fd;
}

struct ChildFiles {
  explicit ChildFiles(const ProcessOptions& options) {
    out = open_for_child(options.stdout_path);
    err = open_for_child(options.stderr_path);
    if (::pipe2(exec_errno, O_CLOEXEC) != 0) throw_errno(errno, "cannot open a pipe");
  }
  ~ChildFiles() {
    for (const int fd : {out, err, exec_errno[0], exec_errno[1]}) {
      if (fd >= 0) ::close(fd);
    }
  }
  ChildFiles(const ChildFiles&) = delete;
  ChildFiles& operator=(const ChildFiles&) = delete;

  int out = -1;
  int err = -1;
  int exec_errno[2] = {-1, -1};  // closed by a successful exec, else carries errno
};

// Runs in the child; ends in exec or _exit.
[[noreturn]] void become(const ProcessOptions& options, const ChildFiles& files, pid_t driver,
                         const sigset_t& mask) {
  ::setpgid(0, 0);
  // SIGTERM, not SIGKILL: mpirun passes it on to its ranks.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != driver) ::_exit(1);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  for (const int ignored : {SIGPIPE, SIGXFSZ}) ::signal(ignored, SIG_DFL);  // else it stays so
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, STDIN_FILENO);
  ::dup2(files.out, STDOUT_FILENO);
  ::dup2(files.err, STDERR_FILENO);
  for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : options.command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  const int failure = errno;
  [[maybe_unused]] const auto written = ::write(files.exec_errno[1], &failure, sizeof failure);
  ::_exit(127);
}

pid_t start(const ProcessOptions& options, const sigset_t& child_mask) {
  ChildFiles files(options);
  const pid_t driver = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno(errno, "cannot start a process");
  if (pid == 0) become(options, files, driver, child_mask);
  ::close(files.exec_errno[1]);
  files.exec_errno[1] = -1;
  int failure = 0;
  ssize_t size = 0;
  do {
    size = ::read(files.exec_errno[0], &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  if (size == static_cast<ssize_t>(sizeof failure)) {
    ::waitpid(pid, nullptr, 0);
    throw Error("cannot run '{}': {}; check that it is installed and executable",
                options.command.front(), std::strerror(failure));
  }
  return pid;
}

// Of the child and those that were waited for, whichever had the most. The child began as a copy of
// the driver, and its memory until then counts.
std::optional<std::int64_t> rss_peak_bytes(const rusage& usage) {
  const std::int64_t peak = std::int64_t{usage.ru_maxrss} * 1024;
  const auto drivers = machine::peak_rss_bytes();
  if (!drivers || peak <= *drivers) return std::nullopt;
  return peak;
}

// Stops and continues all that was started, as often as it is told.
class Brake {
 public:
  Brake(const Descendants& descendants, double slowdown)
      : descendants_(descendants), slowdown_(slowdown) {}

  // Stops them for a share of the time in which they went on since the last time.
  void press() {
    if (slowdown_ <= 0) return;
    const double seconds = slowdown_ * seconds_since(released_);
    const std::vector<pid_t> held = descendants_.find();
    for (const pid_t pid : held) ::kill(pid, SIGSTOP);
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    for (const pid_t pid : held) ::kill(pid, SIGCONT);
    released_ = Clock::now();
  }

 private:
  const Descendants& descendants_;
  double slowdown_;
  Clock::time_point released_ = Clock::now();
};

// Waits until the child ended, the time is over or an interrupt arrived.
ProcessResult watch(pid_t child, const ProcessOptions& options, const BlockedSignals& signals,
                    const Descendants& descendants) {
  ProcessResult result;
  Brake brake(descendants, options.slowdown);
  const auto start_time = Clock::now();
  while (true) {
    int status = 0;
    rusage usage{};
    if (::wait4(child, &status, WNOHANG, &usage) == child) {
      if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
      if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
      result.usage.rss_peak_bytes = rss_peak_bytes(usage);
      return result;
    }
    const double left = options.time_limit_s - seconds_since(start_time);
    result.interrupted = interrupted();
    result.timed_out = !result.interrupted && options.time_limit_s > 0 && left <= 0;
    result.given_up =
        !result.interrupted && !result.timed_out && options.should_end && options.should_end();
    if (result.interrupted || result.timed_out || result.given_up) return result;
    signals.wait(options.time_limit_s > 0 ? std::min(kTick, left) : kTick);
    if (options.on_tick) options.on_tick();
    brake.press();
  }
}

}  // namespace

ProcessResult run_process(const ProcessOptions& options) {
  const Descendants descendants;
  const BlockedSignals signals;
  const double cpu_before_s = machine::reaped_cpu_s();
  const auto start_time = Clock::now();
  ProcessResult result;
  try {
    const pid_t child = start(options, signals.old_mask());
    if (options.on_start) options.on_start(child);
    result = watch(child, options, signals, descendants);
  } catch (...) {
    descendants.end(0);
    throw;
  }
  if (result.timed_out || result.given_up || result.interrupted) {
    descendants.end(kGrace);
  } else {
    descendants.await_end(kGrace);  // a launcher does not wait for its daemons on other hosts
    result.num_outlived = descendants.end(0);
  }
  result.usage.wall_s = seconds_since(start_time);
  result.usage.cpu_s = machine::reaped_cpu_s() - cpu_before_s;
  if (options.on_tick) options.on_tick();
  return result;
}

void handle_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  for (const int signal : kInterrupts) {
    struct sigaction old {};
    ::sigaction(signal, nullptr, &old);
    // nohup has the hang-up ignored, so that a run outlives its terminal.
    if (signal == SIGHUP && old.sa_handler == SIG_IGN) continue;
    ::sigaction(signal, &action, nullptr);
  }
}

bool interrupted() { return interrupt_arrived != 0; }

bool interrupted_within(std::chrono::milliseconds time) {
  const BlockedSignals signals;
  const auto end = std::chrono::steady_clock::now() + time;
  while (!interrupted()) {
    const std::chrono::duration<double> left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) break;
    signals.wait(std::min(left.count(), 1.0));
  }
  return interrupted();
}

void clear_interrupt() { interrupt_arrived = 0; }

}  // namespace moebench::launch
