#pragma once

#include <poll.h>
#include <signal.h>

#include <array>
#include <optional>
#include <vector>

namespace moebench::launch {

// The signals that end a run.
inline constexpr std::array kInterrupts = {SIGINT, SIGTERM, SIGHUP};

// Delivers child and interrupt signals only inside wait(), so that none slips in between the
// check of a flag and the sleep.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  // Returns after the time (of at most a second; nullopt: none), or at once when a signal arrives
  // or one of the entries has an event.
  void wait(std::optional<double> seconds, std::vector<pollfd> entries = {}) const;
  const sigset_t& old_mask() const { return old_mask_; }

 private:
  sigset_t old_mask_{};
  struct sigaction old_child_action_ {};
};

}  // namespace moebench::launch
