#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// Which gated activation an expert has, and how a row of its two projections lies.
struct GatedActivation {
  // 0: SwiGLU, out = silu(gate) * up (Shazeer 2020). Else that of gpt-oss (OpenAI 2025): gate is
  // at most `limit`, up within +-limit, and out = (up + 1) * gate * sigmoid(alpha * gate).
  float limit = 0;
  float alpha = 1.702F;
  bool interleaved = false;  // gate and up in turns; else all of gate first
};

// gate_up: [rows, 2 x intermediate]; out: [rows, intermediate]. T: float, Bfloat16.
template <typename T>
void swiglu_forward(const T* gate_up, std::int64_t rows, std::int64_t intermediate, T* out,
                    const GatedActivation& activation = {});

// dgate_up: [rows, 2 x intermediate], lying as gate_up does. Also writes the forward's output again
// to `out`, so that only gate_up need be saved. dgate_up may be gate_up itself. What is beyond
// `limit` has no gradient.
template <typename T>
void swiglu_backward(const T* dout, const T* gate_up, std::int64_t rows, std::int64_t intermediate,
                     T* dgate_up, T* out, const GatedActivation& activation = {});

}  // namespace moebench::kernels
