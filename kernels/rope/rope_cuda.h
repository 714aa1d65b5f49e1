#pragma once

#include <cstdint>

#include "kernels/gpu/tile.h"
#include "kernels/rope/rope.h"

// rope.h's operations on device memory, in the order of `stream`; they return before they are done
// and throw Error where a launch fails. cos, sin: a RopeTable's of at least shape.seq_len
// positions, in device memory too.
namespace moebench::kernels::cuda {

template <typename T>
void rope_split_forward(const RopeSource<const T>& from, const float* cos, const float* sin,
                        const RopeShape& shape, T* q, T* k, T* v, CudaStream stream);

template <typename T>
void rope_split_backward(const T* dq, const T* dk, const T* dv, const float* cos, const float* sin,
                         const RopeShape& shape, const RopeSource<T>& to, CudaStream stream);

}  // namespace moebench::kernels::cuda
