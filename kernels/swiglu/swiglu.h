#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// The gated activation of an expert (Shazeer 2020): out = silu(gate) * up.
// gate_up: [rows, 2 x intermediate], gate first; out: [rows, intermediate]. T: float, Bfloat16.
template <typename T>
void swiglu_forward(const T* gate_up, std::int64_t rows, std::int64_t intermediate, T* out);

// dgate_up: [rows, 2 x intermediate]. Also writes the forward's output again to `out`, so that
// only gate_up need be saved. dgate_up may be gate_up itself.
template <typename T>
void swiglu_backward(const T* dout, const T* gate_up, std::int64_t rows, std::int64_t intermediate,
                     T* dgate_up, T* out);

}  // namespace moebench::kernels
