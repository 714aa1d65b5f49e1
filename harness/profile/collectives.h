#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/names.h"
#include "harness/comm/communicator.h"
#include "harness/measure/phases.h"

namespace moebench::profile {

enum class Collective { kAllGather, kReduceScatter, kAllToAll, kAllReduce, kBarrier };
constexpr auto names_of(Collective) {
  return name_table<Collective>({{Collective::kAllGather, "all_gather"},
                                 {Collective::kReduceScatter, "reduce_scatter"},
                                 {Collective::kAllToAll, "all_to_all"},
                                 {Collective::kAllReduce, "all_reduce"},
                                 {Collective::kBarrier, "barrier"}});
}
using moebench::to_string;

// Describes one collective as this rank saw it. Times are of this rank's clock until finish() has
// moved them to rank 0's.
struct CollectiveEvent {
  Collective kind = Collective::kBarrier;
  measure::Phase phase = measure::Phase::kOther;
  int group = 0;              // 0 = the world, then in the order of splits
  std::int64_t sequence = 0;  // within the group; the same on all its ranks
  // Size as nccl-tests counts it: what a rank receives of an all-gather, hands to a reduce-scatter
  // or an all-reduce, sends in an all-to-all, its own part included.
  std::int64_t bytes = 0;
  std::int64_t wire_bytes = 0;  // of these, what leaves this rank for, or reaches it from, others
  std::int64_t start_ns = 0;  // this rank is ready: the call, or the start of one in the background
  std::int64_t launched_ns = 0;  // = start_ns, or where the call that starts it returned
  std::int64_t block_ns = 0;  // from here on it can do nothing else; = start_ns unless background
  std::int64_t end_ns = 0;
  // Set by finish(): when the last rank was ready, and which (rank of the world); the latest end on
  // any other rank of the group that waited for the collective at all.
  std::int64_t last_start_ns = 0;
  int last_rank = 0;
  std::int64_t last_other_end_ns = 0;

  std::int64_t blocked_ns() const { return end_ns - block_ns; }
  // The part of blocked_ns() for which another rank was not ready, and the rest.
  std::int64_t wait_ns() const;
  std::int64_t transfer_ns() const { return blocked_ns() - wait_ns(); }
};

// Factor from algorithm to bus bandwidth, nccl-tests' doc/PERFORMANCE.md: (n - 1) / n, and twice
// that for an all-reduce. 0 in a group of one and for barriers.
double bus_factor(Collective kind, int group_size);

// Logs the collectives of a pass. Give its world to whatever communicates: groups that are split
// from it report here as well.
class CollectiveLog {
 public:
  // `world` must outlive the log, and the log every communicator split from its world.
  explicit CollectiveLog(comm::Communicator& world);
  ~CollectiveLog();
  CollectiveLog(const CollectiveLog&) = delete;
  CollectiveLog& operator=(const CollectiveLog&) = delete;

  comm::Communicator& world();

  // Nothing is logged until then, and again after stop().
  void start();
  void stop();
  void clear();  // forgets all events

  // Collective over the world, while all groups are alive: learns from the peers when they were
  // ready, and moves all times by `clock_offset_ns`. Then events() are complete.
  void finish(std::int64_t clock_offset_ns);
  const std::vector<CollectiveEvent>& events() const { return events_; }
  const std::vector<int>& ranks_of_group(int group) const;

  // Collective over the world, after finish(): how long the other ranks, all together, waited for
  // this one.
  std::int64_t kept_waiting_ns() const;

 private:
  class Recorded;
  class RecordedPending;

  struct Group {
    comm::Communicator* communicator = nullptr;
    std::vector<int> ranks;  // of the world
    std::int64_t next_sequence = 0;
  };

  int add_group(comm::Communicator& communicator, int world_rank);
  void learn_peers(int group);

  std::vector<Group> groups_;
  std::unique_ptr<Recorded> world_;
  std::vector<CollectiveEvent> events_;
  bool recording_ = false;
};

// Says how far this rank's clock is behind rank 0's, in ns, to be added to its times. Both were
// within the same collective at once, so each exchange bounds the difference; the offset is the
// middle of what many exchanges leave, or 0 where they do not exclude it. Collective.
struct ClockOffset {
  std::int64_t offset_ns = 0;
  std::int64_t uncertainty_ns = 0;  // half the width of what is left
};
ClockOffset measure_clock_offset(comm::Communicator& world);

// The part that needs no peer, for tests: bounds from one exchange each.
ClockOffset clock_offset_within(const std::vector<std::pair<std::int64_t, std::int64_t>>& bounds);

}  // namespace moebench::profile
