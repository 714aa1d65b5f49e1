#pragma once

#include <cstdint>

#include "harness/config/cell.h"
#include "harness/load/request.h"

namespace moebench::load {

// What fms-acceleration's shard_moe loads on a rank of an expert-parallel group: for each layer the
// router, whole, and this rank's experts of three stacks over all experts, w1 and w3 as they are,
// w2 transposed, so that each is [experts x intermediate, hidden].
Request expert_request(const config::ModelConfig& model, config::Dtype dtype,
                       std::int64_t ep_degree, std::int64_t ep_rank);

}  // namespace moebench::load
