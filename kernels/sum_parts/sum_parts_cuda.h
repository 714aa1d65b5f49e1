#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"

namespace moebench::kernels::cuda {

// out[i] (+)= sum over p of parts[p * stride + i] for i in [0, count), in fp32 in the order of p,
// rounded once: what a rank of a reduce-scatter does with the parts that it has received. `out`
// may be one of the parts. On device memory, in the order of `stream`; it returns before it is done
// and throws Error where the launch fails. T: float, Bfloat16.
template <typename T>
void sum_parts(const T* parts, std::int64_t stride, std::int64_t num_parts, std::int64_t count,
               bool accumulate, T* out, CudaStream stream);

}  // namespace moebench::kernels::cuda
