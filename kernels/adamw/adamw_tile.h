#pragma once

#include <cmath>

#include "kernels/adamw/adamw.h"
#include "kernels/gpu/vec.h"

namespace moebench::kernels {

// `count` is a multiple of `width`.
template <typename T, int width>
struct AdamWTile : OnePhaseTile {
  T* param;
  const T* grad;
  T* exp_avg;
  T* exp_avg_sq;
  std::int64_t count;
  AdamWScalars s;

  AdamWTile(T* param_in, const T* grad_in, T* exp_avg_in, T* exp_avg_sq_in)
      : param(param_in), grad(grad_in), exp_avg(exp_avg_in), exp_avg_sq(exp_avg_sq_in) {}
  std::int64_t num_blocks() const { return divide_up(count, kThreads * width); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t i =
        (static_cast<std::int64_t>(place.block) * kThreads + place.thread) * width;
    if (i >= count) return;
    const auto g = load<width>(grad + i);
    auto p = load<width>(param + i), m = load<width>(exp_avg + i), v = load<width>(exp_avg_sq + i);
    for (int k = 0; k < width; ++k) update(p.at[k], to_float(g.at[k]), m.at[k], v.at[k]);
    store(param + i, p);
    store(exp_avg + i, m);
    store(exp_avg_sq + i, v);
  }

 private:
  MOEBENCH_HD void update(T& p, float gradient, T& exp_avg_at, T& exp_avg_sq_at) const {
    const float g = gradient * s.gradient_scale;
    const float m = to_float(exp_avg_at) * s.beta1 + g * s.one_minus_beta1;
    const float v = to_float(exp_avg_sq_at) * s.beta2 + g * g * s.one_minus_beta2;
    const float denominator = std::sqrt(v) * s.inverse_sqrt_correction2 + s.epsilon;
    p = from_float<T>(to_float(p) * s.decay - s.step_size * m / denominator);
    exp_avg_at = from_float<T>(m);
    exp_avg_sq_at = from_float<T>(v);
  }
};

}  // namespace moebench::kernels
