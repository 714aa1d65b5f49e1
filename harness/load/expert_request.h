#pragma once

#include <cstdint>

#include "harness/config/cell.h"
#include "harness/load/request.h"
#include "harness/partition/layout.h"

namespace moebench::load {

// Requests what fms-acceleration's shard_moe loads on a rank of an expert-parallel group: for each
// layer that has experts the router, whole, and this rank's experts, `range`, of three stacks over
// all experts, w1 (gate) and w3 (up) as they are, w2 (down) transposed, so that each is [experts x
// intermediate, hidden]. Where a checkpoint has gate and up projection in turns (gpt-oss), both
// come as one stack, w13, transposed, and w2 as it is; and where experts have biases, these.
Request expert_request(const config::ModelConfig& model, config::Dtype dtype,
                       partition::ExpertRange range);

}  // namespace moebench::load
