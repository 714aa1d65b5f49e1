#pragma once

#include "harness/comm/communicator.h"
#include "harness/record/record.h"

namespace moebench::probe {

struct ProbeOptions {
  int num_threads = 1;
  bool quick = false;  // smaller matrices and copies, fewer and smaller messages
};

// Measures what the machine gives to the ranks of `world` while all of them ask for it: the clock,
// matrix products, memory, messages (with more than one rank). Metrics: harness/record/schema.md.
// Collective over `world`.
record::RankResult run_probe(comm::Communicator& world, const ProbeOptions& options);

}  // namespace moebench::probe
