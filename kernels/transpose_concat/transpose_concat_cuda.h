#pragma once

#include <cstdint>
#include <span>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"

// transpose_concat.h's operation on device memory, in the order of `stream`; it returns before it
// is done and throws Error where a launch fails.
namespace moebench::kernels::cuda {

// `sources` is an array of the host, and may go away when this returns; what it points to is device
// memory.
template <typename T>
void transpose_concat(std::span<const T* const> sources, std::int64_t rows, std::int64_t cols,
                      T* destination, CudaStream stream);

}  // namespace moebench::kernels::cuda
