#pragma once

#include <cstdint>

#include "kernels/adamw/adamw.h"
#include "kernels/gpu/tile.h"

// adamw.h's update on device memory, in the order of `stream`; it returns before it is done and
// throws Error where the launch fails.
namespace moebench::kernels::cuda {

template <typename T>
void adamw(T* param, const T* grad, T* exp_avg, T* exp_avg_sq, std::int64_t count,
           const AdamWOptions& options, CudaStream stream);

}  // namespace moebench::kernels::cuda
