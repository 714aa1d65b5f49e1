#pragma once

#include <cstdint>

#include "kernels/gpu/tile.h"

// router.h's operation on device memory, in the order of `stream`; it returns before it is done and
// throws Error where the launch fails.
namespace moebench::kernels::cuda {

void route_top_k(const float* logits, std::int64_t tokens, std::int64_t num_experts,
                 std::int64_t top_k, float* probs, std::int32_t* ids, float* weights,
                 CudaStream stream);

}  // namespace moebench::kernels::cuda
