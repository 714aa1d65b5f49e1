#pragma once

#include <cstdint>
#include <vector>

#include "harness/comm/communicator.h"

namespace moebench::probe {

struct MessageOptions {
  std::int64_t smallest_bytes = 8 << 10;
  std::int64_t largest_bytes = 64 << 20;
  std::int64_t factor = 2;   // from one size to the next
  double budget_ns = 0.1e9;  // about the time that one operation of one size repeats for
};

// Mean nanoseconds of one call on this rank, by size. A size is that of nccl-tests: the bytes that
// a rank receives of an all-gather, hands to a reduce-scatter (fp32) or sends in an all-to-all, its
// own part included.
struct MessageTimes {
  std::vector<double> bytes;
  std::vector<double> all_gather_ns;
  std::vector<double> reduce_scatter_ns;
  std::vector<double> all_to_all_ns;
};

// Collective over `group`.
MessageTimes measure_messages(comm::Communicator& group, const MessageOptions& options);

}  // namespace moebench::probe
