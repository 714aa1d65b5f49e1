#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"

namespace moebench::kernels::cuda {

// Elements of `workspace` that cross_entropy_in_place needs.
std::int64_t cross_entropy_workspace(std::int64_t rows);

// cross_entropy.h's operation on device memory, in the order of `stream`; it returns before it is
// done and throws Error where a launch fails. Writes *sum, in device memory as `labels` and
// `workspace` are. A label outside the vocabulary ends the kernel with an error.
template <typename T>
void cross_entropy_in_place(T* logits, const std::int64_t* labels, std::int64_t rows,
                            std::int64_t vocab, float scale, double* sum, double* workspace,
                            CudaStream stream);

}  // namespace moebench::kernels::cuda
