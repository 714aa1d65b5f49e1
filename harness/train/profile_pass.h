#pragma once

#include <filesystem>
#include <vector>

#include "harness/measure/torch/tensor_memory.h"
#include "harness/record/record.h"
#include "harness/train/run.h"

namespace moebench::train {

// The cell once more from its initial state, for its profile alone: after a warm-up, steps without
// any profiling take turns with steps under each level that the cell asks for, and on a GPU under
// CUPTI, so that the cost of profiling is known; metrics as in harness/record/schema.md. Leaves in
// `folder`, which all ranks see: profile.pstats and, for each rank, profile_rank_<r>.pstats (level
// ops); trace.json and trace_rank_<r>.json (level trace), with `memory`, a step's timeline, in it.
// Collective.
void profile_pass(const PassInputs& inputs, const std::filesystem::path& folder,
                  const std::vector<measure::MemoryMoment>& memory, record::RankResult& result);

}  // namespace moebench::train
