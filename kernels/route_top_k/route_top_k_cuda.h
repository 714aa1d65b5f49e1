#pragma once

#include "kernels/gpu/tile.h"
#include "kernels/route_top_k/route_top_k.h"

// route_top_k.h's operations on device memory, in the order of `stream`; they return before they
// are done and throw Error where a launch fails.
namespace moebench::kernels::cuda {

template <typename T>
void route_top_k(const T* logits, const RouteShape& shape, const std::int32_t* forced,
                 float* scores, std::int32_t* ids, float* weights, CudaStream stream);

template <typename T>
void route_top_k_backward(const float* dweights, const float* dscores, const float* scores,
                          const std::int32_t* ids, const float* weights, const RouteShape& shape,
                          T* dlogits, CudaStream stream);

}  // namespace moebench::kernels::cuda
