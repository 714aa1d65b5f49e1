#include "harness/launch/descendants.h"

#include <fmt/ranges.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include "harness/base/error.h"
#include "harness/machine/processes.h"

namespace moebench::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kKillPatience = 30;  // seconds until a process that ignores SIGKILL is an Error

std::multimap<pid_t, pid_t> children_by_parent() {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t pid : machine::all_processes()) {
    if (const auto process = machine::read_process(pid)) children.emplace(process->parent, pid);
  }
  return children;
}

void sleep_a_little() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

}  // namespace

Descendants::Descendants() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    throw Error("cannot become a child subreaper: {}; a Linux kernel of 3.4 or later is needed",
                std::strerror(errno));
  }
  const auto children = children_by_parent();
  const auto [begin, end] = children.equal_range(::getpid());
  for (auto it = begin; it != end; ++it) foreign_.insert(it->second);
}

std::vector<pid_t> Descendants::find() const {
  const auto children = children_by_parent();
  std::vector<pid_t> found;
  auto add_children_of = [&](pid_t parent) {
    const auto [begin, end] = children.equal_range(parent);
    for (auto it = begin; it != end; ++it) {
      if (!foreign_.contains(it->second)) found.push_back(it->second);
    }
  };
  add_children_of(::getpid());
  for (std::size_t i = 0; i < found.size(); ++i) add_children_of(found[i]);
  return found;
}

void Descendants::signal_and_reap(int signal) const {
  for (const pid_t pid : find()) {
    if (signal != 0) ::kill(pid, signal);
    ::waitpid(pid, nullptr, WNOHANG);  // fails for grandchildren, which their parent reaps
  }
}

// Sends the signal again and again, because a process may fork between the look and the kill; 0:
// none.
bool Descendants::wait_for_none(int signal, double seconds) const {
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < deadline) {
    signal_and_reap(signal);
    if (find().empty()) return true;
    sleep_a_little();
  }
  return false;
}

void Descendants::await_end(double seconds) const { wait_for_none(0, seconds); }

int Descendants::end(double grace_s) const {
  const int num_found = static_cast<int>(find().size());
  if (num_found == 0) return 0;
  if (grace_s > 0) {
    signal_and_reap(SIGTERM);
    if (wait_for_none(0, grace_s)) return num_found;
  }
  if (wait_for_none(SIGKILL, kKillPatience)) return num_found;
  throw Error("processes {} do not end even after SIGKILL; end them before another run",
              fmt::join(find(), ", "));
}

}  // namespace moebench::launch
