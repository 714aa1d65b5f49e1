#pragma once

#include <atomic>
#include <vector>

#include "harness/load/load.h"
#include "harness/load/read_plan.h"

namespace moebench::load {

// One load at work. The pieces are checked and every destination has its memory.
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

// Only what this rank keeps, from mapped shards to its place.
void load_by_slice(LoadJob& job);

// Only what this rank keeps, by a plan of positioned reads, each straight to its place or through
// a buffer that stays in the cache.
void load_by_direct(LoadJob& job);

// The same for some elements of the job's pieces.
void load_segments(LoadJob& job, const std::vector<Segment>& segments);

// As direct, but bytes that several ranks of the exchange keep are read by one of them.
void load_by_broadcast(LoadJob& job);

}  // namespace moebench::load
