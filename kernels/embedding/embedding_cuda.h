#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"

namespace moebench::kernels::cuda {

// Elements of `workspace` that embedding_backward needs.
std::int64_t embedding_backward_workspace(std::int64_t rows, std::int64_t vocab);

// embedding.h's operation on device memory, in the order of `stream`; it returns before it is done
// and throws Error where a launch fails. A token outside the table ends the kernel with an error.
// Rows and tokens are numbered with 32 bits.
template <typename T>
void embedding_backward(const std::int64_t* tokens, const T* dx, std::int64_t rows,
                        std::int64_t vocab, std::int64_t hidden, T* dtable, bool accumulate,
                        std::int32_t* workspace, CudaStream stream);

}  // namespace moebench::kernels::cuda
