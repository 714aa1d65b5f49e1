#include "harness/launch/blocked_signals.h"

#include <algorithm>

namespace moebench::launch {
namespace {

void on_child_end(int) {}

}  // namespace

BlockedSignals::BlockedSignals() {
  struct sigaction action {};
  action.sa_handler = on_child_end;
  ::sigaction(SIGCHLD, &action, &old_child_action_);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  for (const int signal : kInterrupts) sigaddset(&blocked, signal);
  ::sigprocmask(SIG_BLOCK, &blocked, &old_mask_);
}

BlockedSignals::~BlockedSignals() {
  ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
  ::sigaction(SIGCHLD, &old_child_action_, nullptr);
}

void BlockedSignals::wait(std::optional<double> seconds, std::vector<pollfd> entries) const {
  timespec time{};
  time.tv_nsec = static_cast<long>(std::clamp(seconds.value_or(0), 0.0, 0.999) * 1e9);
  ::ppoll(entries.data(), entries.size(), seconds ? &time : nullptr, &old_mask_);
}

}  // namespace moebench::launch
