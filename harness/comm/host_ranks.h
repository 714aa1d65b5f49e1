#pragma once

#include <memory>
#include <vector>

#include "harness/comm/communicator.h"

namespace moebench::comm {

// The ranks of `world` that run on this machine.
struct HostRanks {
  std::vector<int> ranks;               // in order, this rank among them
  std::unique_ptr<Communicator> group;  // of these ranks, in the same order
};

// Collective. Machines are told apart by the number that the kernel drew when it started.
HostRanks host_ranks(Communicator& world);

}  // namespace moebench::comm
