#pragma once

#include <cstdint>

#include "harness/config/cell.h"
#include "harness/load/request.h"
#include "harness/partition/layout.h"

namespace moebench::load {

// Requests what fms-acceleration's shard_moe loads on a rank of an expert-parallel group: for each
// layer the router, whole, and this rank's experts, `range`, of three stacks over all experts, w1
// and w3 as they are, w2 transposed, so that each is [experts x intermediate, hidden].
Request expert_request(const config::ModelConfig& model, config::Dtype dtype,
                       partition::ExpertRange range);

}  // namespace moebench::load
