#include "kernels/adamw/adamw.h"

#include <algorithm>
#include <cmath>

namespace moebench::kernels {

template <typename T>
void adamw(T* param, const T* grad, T* exp_avg, T* exp_avg_sq, std::int64_t count,
           const AdamWOptions& options) {
  const double correction1 = 1.0 - std::pow(options.beta1, static_cast<double>(options.step));
  const double correction2 = 1.0 - std::pow(options.beta2, static_cast<double>(options.step));
  const auto beta1 = static_cast<float>(options.beta1);
  const auto beta2 = static_cast<float>(options.beta2);
  const auto one_minus_beta1 = static_cast<float>(1.0 - options.beta1);
  const auto one_minus_beta2 = static_cast<float>(1.0 - options.beta2);
  const auto step_size = static_cast<float>(options.learning_rate / correction1);
  const auto inverse_sqrt_correction2 = static_cast<float>(1.0 / std::sqrt(correction2));
  const auto decay = static_cast<float>(1.0 - options.learning_rate * options.weight_decay);
  const auto epsilon = static_cast<float>(options.epsilon);
  const auto scale = static_cast<float>(options.gradient_scale);
#pragma omp parallel for simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = to_float(grad[i]) * scale;
    const float m = to_float(exp_avg[i]) * beta1 + g * one_minus_beta1;
    const float v = to_float(exp_avg_sq[i]) * beta2 + g * g * one_minus_beta2;
    const float denominator = std::sqrt(v) * inverse_sqrt_correction2 + epsilon;
    param[i] = from_float<T>(to_float(param[i]) * decay - step_size * m / denominator);
    exp_avg[i] = from_float<T>(m);
    exp_avg_sq[i] = from_float<T>(v);
  }
}

template <typename T>
double sum_of_squares(const T* values, std::int64_t count) {
  constexpr std::int64_t kBlock = 1024;
  double total = 0;
#pragma omp parallel for reduction(+ : total) schedule(static)
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t end = std::min(count, begin + kBlock);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = begin; i < end; ++i) sum += to_float(values[i]) * to_float(values[i]);
    total += static_cast<double>(sum);
  }
  return total;
}

template void adamw(float*, const float*, float*, float*, std::int64_t, const AdamWOptions&);
template void adamw(Bfloat16*, const Bfloat16*, Bfloat16*, Bfloat16*, std::int64_t,
                    const AdamWOptions&);
template double sum_of_squares(const float*, std::int64_t);
template double sum_of_squares(const Bfloat16*, std::int64_t);

}  // namespace moebench::kernels
