#include "harness/machine/process_tree.h"

#include <utility>

namespace moebench::machine {
namespace {

// Of strangers, one in so many is read anew in each look, since between two looks its pid may have
// gone to a member.
constexpr int kLooksToForget = 64;

}  // namespace

ProcessTree::ProcessTree(pid_t root, std::string proc) : proc_(std::move(proc)) {
  const auto process = read_process(root, proc_);
  if (!process) return;
  keeper_ = process->parent;
  root_ = {root, process->start_jiffies};
  members_.insert(root_);
}

bool ProcessTree::is_younger_than_root(const ProcessKey& key) const {
  return std::pair(key.start_jiffies, key.pid) > std::pair(root_.start_jiffies, root_.pid);
}

std::vector<ProcessTree::Member> ProcessTree::look() {
  if (keeper_ == 0) return {};
  const Processes processes = read_candidates();
  std::unordered_map<pid_t, Verdict> verdicts;
  std::vector<Member> found;
  std::set<ProcessKey> alive;
  for (const auto& [pid, process] : processes) {
    const Verdict verdict = judge(pid, processes, verdicts);
    if (verdict == Verdict::kStranger) strangers_.insert(pid);
    if (verdict != Verdict::kMember) continue;
    const ProcessKey key{pid, process.start_jiffies};
    alive.insert(key);
    found.push_back({key, process});
  }
  members_ = std::move(alive);
  return found;
}

ProcessTree::Processes ProcessTree::read_candidates() {
  const int forgotten = num_looks_++ % kLooksToForget;
  Processes processes;
  std::unordered_set<pid_t> strangers;
  for (const pid_t pid : all_processes(proc_)) {
    if (strangers_.contains(pid) && pid % kLooksToForget != forgotten) {
      strangers.insert(pid);
    } else if (auto process = read_process(pid, proc_)) {
      processes.emplace(pid, std::move(*process));
    }
  }
  strangers_ = std::move(strangers);
  return processes;
}

// Unknown where a parent ended between the two reads: the next look finds another parent.
ProcessTree::Verdict ProcessTree::judge(pid_t pid, const Processes& processes,
                                        std::unordered_map<pid_t, Verdict>& verdicts) const {
  if (pid == 0 || pid == keeper_ || strangers_.contains(pid)) return Verdict::kStranger;
  const auto found = processes.find(pid);
  if (found == processes.end()) return Verdict::kUnknown;
  // Kept before it is known, so that parents in a circle, which reused pids can make, end here.
  const auto [verdict, is_new] = verdicts.emplace(pid, Verdict::kUnknown);
  if (!is_new) return verdict->second;
  const Process& process = found->second;
  const ProcessKey key{pid, process.start_jiffies};
  Verdict result = Verdict::kUnknown;
  if (members_.contains(key)) {
    result = Verdict::kMember;
  } else if (process.parent == keeper_) {
    result = is_younger_than_root(key) ? Verdict::kMember : Verdict::kStranger;
  } else {
    result = judge(process.parent, processes, verdicts);
  }
  return verdicts[pid] = result;
}

}  // namespace moebench::machine
