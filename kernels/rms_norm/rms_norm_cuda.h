#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"

// rms_norm.h's operations on device memory, in the order of `stream`; they return before they are
// done and throw Error where a launch fails.
namespace moebench::kernels::cuda {

template <typename T>
void rms_norm_forward(const T* x, const T* w, std::int64_t rows, std::int64_t hidden, float eps,
                      T* y, float* rstd, CudaStream stream);

// Elements of `workspace` that rms_norm_backward needs.
std::int64_t rms_norm_backward_workspace(std::int64_t rows, std::int64_t hidden);

template <typename T>
void rms_norm_backward(const T* dy, const T* x, const T* w, const float* rstd, std::int64_t rows,
                       std::int64_t hidden, T* dx, T* dw, bool accumulate, float* workspace,
                       CudaStream stream);

}  // namespace moebench::kernels::cuda
