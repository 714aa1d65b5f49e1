#pragma once

#include <cstdint>
#include <vector>

#include "harness/config/cell.h"
#include "harness/parallel/sharded_unit.h"

namespace moebench::train {

// Does one AdamW update of the units' parameters and moments from their gradients, whose norm over
// all ranks is `grad_norm`; they are clipped to the cell's max_grad_norm. `update` counts from 1.
//
// fused:      our kernel, one pass over a unit; gradients are only read.
// foreach:    torch's multi-tensor AdamW, operation by operation over all units at once; the square
//             roots of all second moments are a temporary of the parameters' size.
// per_tensor: torch's single-tensor AdamW, one unit after the other; two temporaries of its size.
//
// The last two multiply the gradients by the clipping factor first, as clip_grad_norm_ does, and
// round to the cell's dtype after every operation, where fused rounds once.
void update_parameters(const config::CellConfig& cell,
                       const std::vector<parallel::ShardedUnit*>& units, double grad_norm,
                       std::int64_t update);

}  // namespace moebench::train
