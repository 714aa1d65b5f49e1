#pragma once

#include <cstdint>

#include "kernels/adamw/adamw.h"
#include "kernels/gpu/tile.h"

// adamw.h's operations on device memory, in the order of `stream`; they return before they are done
// and throw Error where a launch fails.
namespace moebench::kernels::cuda {

template <typename T>
void adamw(T* param, const T* grad, T* exp_avg, T* exp_avg_sq, std::int64_t count,
           const AdamWOptions& options, CudaStream stream);

// Elements of `workspace` that sum_of_squares needs.
std::int64_t sum_of_squares_workspace(std::int64_t count);

// Writes *sum, in device memory as `workspace` is. The same values at addresses of the same
// alignment give the same bits.
template <typename T>
void sum_of_squares(const T* values, std::int64_t count, double* sum, double* workspace,
                    CudaStream stream);

}  // namespace moebench::kernels::cuda
