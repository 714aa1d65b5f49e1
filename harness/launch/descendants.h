#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

namespace moebench::launch {

// Finds and ends the processes below this one. Ranks sit in process groups of their own under
// mpirun, so a group signal would miss them; as a child subreaper this process stays the ancestor
// of every rank even when mpirun dies.
class Descendants {
 public:
  // Children that exist already are somebody else's and are left alone.
  Descendants();

  // Pids of all living or unreaped descendants, children before grandchildren.
  std::vector<pid_t> find() const;

  // Returns when there are none any more, or the time is over.
  void await_end(double seconds) const;

  // SIGTERM to all, SIGKILL to what is left after `grace_s`; returns how many were found first.
  // Error where one cannot be ended.
  int end(double grace_s) const;

 private:
  void signal_and_reap(int signal) const;
  bool wait_for_none(int signal, double seconds) const;

  std::set<pid_t> foreign_;
};

}  // namespace moebench::launch
