#pragma once

#include <cstdint>

#include "kernels/gpu/tile.h"
#include "kernels/swiglu/swiglu.h"

// The gated activations element by element, for CPUs and GPUs; `sigmoid` is a function of a float.
namespace moebench::kernels {

struct GatedGradient {
  float out, dgate, dup;
};

template <bool is_interleaved>
struct Swiglu {
  static constexpr bool kInterleaved = is_interleaved;

  template <typename Sigmoid>
  MOEBENCH_HD float forward(float gate, float up, Sigmoid sigmoid) const {
    return gate * sigmoid(gate) * up;
  }
  template <typename Sigmoid>
  MOEBENCH_HD GatedGradient backward(float dout, float gate, float up, Sigmoid sigmoid) const {
    const float s = sigmoid(gate);
    const float silu = gate * s;
    return {silu * up, dout * up * (s + silu * (1.0f - s)), dout * silu};
  }
};

// Comparisons are such that a NaN stays one.
template <bool is_interleaved>
struct ClampedSwiglu {
  static constexpr bool kInterleaved = is_interleaved;
  float limit, alpha;

  template <typename Sigmoid>
  MOEBENCH_HD float forward(float gate, float up, Sigmoid sigmoid) const {
    const float g = clamped_gate(gate);
    return (clamped_up(up) + 1.0f) * (g * sigmoid(alpha * g));
  }
  template <typename Sigmoid>
  MOEBENCH_HD GatedGradient backward(float dout, float gate, float up, Sigmoid sigmoid) const {
    const float g = clamped_gate(gate), u = clamped_up(up) + 1.0f;
    const float s = sigmoid(alpha * g);
    const float glu = g * s;
    const float dgate = dout * u * (s + alpha * glu * (1.0f - s));
    const float dup = dout * glu;
    const bool gate_is_beyond = gate > limit, up_is_beyond = up > limit || up < -limit;
    return {u * glu, gate_is_beyond ? 0.0f : dgate, up_is_beyond ? 0.0f : dup};
  }

 private:
  MOEBENCH_HD float clamped_gate(float gate) const { return gate > limit ? limit : gate; }
  MOEBENCH_HD float clamped_up(float up) const {
    const float below = up > limit ? limit : up;
    return below < -limit ? -limit : below;
  }
};

// Calls f with the form of an activation.
template <typename F>
void with_form(const GatedActivation& activation, F f) {
  const bool clamped = activation.limit > 0;
  if (clamped && activation.interleaved) {
    f(ClampedSwiglu<true>{activation.limit, activation.alpha});
  } else if (clamped) {
    f(ClampedSwiglu<false>{activation.limit, activation.alpha});
  } else if (activation.interleaved) {
    f(Swiglu<true>{});
  } else {
    f(Swiglu<false>{});
  }
}

}  // namespace moebench::kernels
