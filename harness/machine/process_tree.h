#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/machine/processes.h"

namespace moebench::machine {

// A pid alone names another process once the kernel gives it again.
struct ProcessKey {
  pid_t pid = 0;
  std::int64_t start_jiffies = 0;

  auto operator<=>(const ProcessKey&) const = default;
};

// The processes of a run: its root, what that starts, and orphans of it that come to the root's
// parent, which must be a child subreaper for that and start nothing else meanwhile. A process that
// was once seen to be of the run stays so, whoever its parent becomes.
class ProcessTree {
 public:
  struct Member {
    ProcessKey key;
    Process process;
  };

  // Has no members where the root is gone already; one that waits to be reaped is not.
  explicit ProcessTree(pid_t root, std::string proc = kProc);

  // Those that live or wait to be reaped now. Lists all processes of the machine, but reads only
  // those of the run and those that it has not seen before.
  std::vector<Member> look();

 private:
  enum class Verdict { kUnknown, kMember, kStranger };
  using Processes = std::unordered_map<pid_t, Process>;

  Processes read_candidates();
  Verdict judge(pid_t pid, const Processes& processes,
                std::unordered_map<pid_t, Verdict>& verdicts) const;

  // What its parent started before is of no run. Pids tell the order of those of one jiffy.
  bool is_younger_than_root(const ProcessKey& key) const;

  std::string proc_;
  ProcessKey root_;
  pid_t keeper_ = 0;  // the root's parent; 0 where the root was gone already
  std::set<ProcessKey> members_;
  std::unordered_set<pid_t> strangers_;
  int num_looks_ = 0;
};

}  // namespace moebench::machine
