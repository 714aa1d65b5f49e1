#pragma once

#include <atomic>
#include <vector>

#include "harness/load/load.h"
#include "harness/load/read_plan.h"

namespace moebench::load {

// All buffers of a load together may take so much of what is kept: one part in 20.
inline constexpr std::int64_t kBufferShare = 20;

// Describes one load at work. The pieces are checked and every destination has its memory.
struct LoadJob {
  const Request& request;
  weights::CheckpointFiles& files;
  const std::vector<Piece>& pieces;
  const LoadOptions& options;
  StageClock& clock;
  LoadReport& report;
};

// This does what fms-acceleration does: for each group map its shards, for each stack concatenate
// all parts into fresh memory (strided reads where it transposes), cast the whole, keep this rank's
// range, free.
void load_by_concat(LoadJob& job);

// Brings only what this rank keeps, from mapped shards to its place.
void load_by_slice(LoadJob& job);

// Reads only what this rank keeps, by a plan of positioned reads, each straight to its place or
// through a buffer that stays in the cache.
void load_by_direct(LoadJob& job);

// Does the same for some elements of the job's pieces.
void load_segments(LoadJob& job, const std::vector<Segment>& segments);

// Loads as load_by_direct does, but one rank of the exchange reads the bytes that several keep.
void load_by_broadcast(LoadJob& job);

}  // namespace moebench::load
