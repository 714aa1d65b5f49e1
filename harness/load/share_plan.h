#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "harness/load/read_plan.h"

namespace moebench::load {

// Bytes that several ranks need, which one of them reads.
struct SharedRange {
  const weights::SafetensorsReader* file = nullptr;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::vector<int> ranks;  // that need it, in order
  int reader = 0;          // one of them
};

// Says which of a machine's ranks reads what, so that every byte is read once. It is the same on
// every rank.
struct SharePlan {
  std::vector<Segment> own;         // what `rank` alone needs
  std::vector<SharedRange> shared;  // of all ranks, at most about `max_bytes` each
};

// `pieces[r]` is what rank r needs. Bytes that several need go to the one of them that reads least
// so far.
SharePlan plan_shares(const std::vector<std::vector<Piece>>& pieces, int rank,
                      std::int64_t max_bytes);

}  // namespace moebench::load
