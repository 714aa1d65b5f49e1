#include "kernels/adamw/adamw.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace moebench::kernels {

AdamWScalars adamw_scalars(const AdamWOptions& options) {
  const auto step = static_cast<double>(options.step);
  const double correction1 = 1.0 - std::pow(options.beta1, step);
  const double correction2 = 1.0 - std::pow(options.beta2, step);
  return {.beta1 = static_cast<float>(options.beta1),
          .beta2 = static_cast<float>(options.beta2),
          .one_minus_beta1 = static_cast<float>(1.0 - options.beta1),
          .one_minus_beta2 = static_cast<float>(1.0 - options.beta2),
          .step_size = static_cast<float>(options.learning_rate / correction1),
          .inverse_sqrt_correction2 = static_cast<float>(1.0 / std::sqrt(correction2)),
          .decay = static_cast<float>(1.0 - options.learning_rate * options.weight_decay),
          .epsilon = static_cast<float>(options.epsilon),
          .gradient_scale = static_cast<float>(options.gradient_scale)};
}

template <typename T>
void adamw(T* param, const T* grad, T* exp_avg, T* exp_avg_sq, std::int64_t count,
           const AdamWOptions& options) {
  const AdamWScalars s = adamw_scalars(options);
#pragma omp parallel for simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = to_float(grad[i]) * s.gradient_scale;
    const float m = to_float(exp_avg[i]) * s.beta1 + g * s.one_minus_beta1;
    const float v = to_float(exp_avg_sq[i]) * s.beta2 + g * g * s.one_minus_beta2;
    const float denominator = std::sqrt(v) * s.inverse_sqrt_correction2 + s.epsilon;
    param[i] = from_float<T>(to_float(param[i]) * s.decay - s.step_size * m / denominator);
    exp_avg[i] = from_float<T>(m);
    exp_avg_sq[i] = from_float<T>(v);
  }
}

// A sum for each block, added up in their order: OpenMP's reduction adds what threads have in the
// order in which they arrive, so that the last bits would change from run to run.
template <typename T>
double sum_of_squares(const T* values, std::int64_t count) {
  constexpr std::int64_t kBlock = 1024;
  std::vector<float> sums(static_cast<std::size_t>((count + kBlock - 1) / kBlock));
#pragma omp parallel for
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t end = std::min(count, begin + kBlock);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = begin; i < end; ++i) sum += to_float(values[i]) * to_float(values[i]);
    sums[static_cast<std::size_t>(begin / kBlock)] = sum;
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template void adamw(float*, const float*, float*, float*, std::int64_t, const AdamWOptions&);
template void adamw(Bfloat16*, const Bfloat16*, Bfloat16*, Bfloat16*, std::int64_t,
                    const AdamWOptions&);
template double sum_of_squares(const float*, std::int64_t);
template double sum_of_squares(const Bfloat16*, std::int64_t);

}  // namespace moebench::kernels
