#pragma once

#include <cstdint>

#include "harness/comm/communicator.h"
#include "harness/record/record.h"

namespace moebench::probe {

// Measures the links between the hosts of `world`, of which each has `ranks_per_node` consecutive
// ranks: the first of each sends to the first of the next host while it receives from the one
// before, so that every link is busy in both directions. Metrics `network_bandwidth` and
// `network_latency`, the same on all ranks of a host (harness/record/schema.md). It takes 0.2 s,
// longer below 8 Mbit/s. Collective over `world`.
void measure_network(comm::Communicator& world, std::int64_t ranks_per_node,
                     record::Metrics& metrics);

}  // namespace moebench::probe
