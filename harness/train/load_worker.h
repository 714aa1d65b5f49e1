#pragma once

#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "harness/record/record.h"
#include "harness/train/worker.h"

namespace moebench::train {

// Runs one repetition of a cell that measures loading: a timed load, a comparison of every element
// with the checkpoint, a second load that touches pages in stages of their own, and what copying
// and reading alone take. Collective over `world`. Metrics: see harness/record/schema.md. The
// result is `incorrect` where an element differs.
record::RankResult run_load_worker(const config::CellConfig& cell, comm::Communicator& world,
                                   const WorkerOptions& options);

}  // namespace moebench::train
