#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"
#include "kernels/swiglu/swiglu.h"

// swiglu.h's operations on device memory, in the order of `stream`; they return before they are
// done and throw Error where a launch fails.
namespace moebench::kernels::cuda {

template <typename T>
void swiglu_forward(const T* gate_up, std::int64_t rows, std::int64_t intermediate, T* out,
                    CudaStream stream, const GatedActivation& activation = {});

template <typename T>
void swiglu_backward(const T* dout, const T* gate_up, std::int64_t rows, std::int64_t intermediate,
                     T* dgate_up, T* out, CudaStream stream,
                     const GatedActivation& activation = {});

}  // namespace moebench::kernels::cuda
