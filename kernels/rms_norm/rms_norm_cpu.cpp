#include "kernels/rms_norm/rms_norm.h"

#include <cmath>
#include <vector>

namespace moebench::kernels {

template <typename T>
void rms_norm_forward(const T* x, const T* w, std::int64_t rows, std::int64_t hidden, float eps,
                      T* y, float* rstd) {
#pragma omp parallel for
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* x_H = x + r * hidden;
    T* y_H = y + r * hidden;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = 0; i < hidden; ++i) sum += to_float(x_H[i]) * to_float(x_H[i]);
    const float scale = 1.0f / std::sqrt(sum / static_cast<float>(hidden) + eps);
    rstd[r] = scale;
#pragma omp simd
    for (std::int64_t i = 0; i < hidden; ++i) {
      const float x_hat = to_float(from_float<T>(to_float(x_H[i]) * scale));
      y_H[i] = from_float<T>(x_hat * to_float(w[i]));
    }
  }
}

template <typename T>
void rms_norm_backward(const T* dy, const T* x, const T* w, const float* rstd, std::int64_t rows,
                       std::int64_t hidden, T* dx, T* dw, bool accumulate) {
  std::vector<float> dw_sum(static_cast<std::size_t>(hidden), 0.0f);
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* dy_H = dy + r * hidden;
    const T* x_H = x + r * hidden;
    T* dx_H = dx + r * hidden;
    const float scale = rstd[r];
    float dot = 0;
#pragma omp simd reduction(+ : dot)
    for (std::int64_t i = 0; i < hidden; ++i) {
      dot += to_float(dy_H[i]) * to_float(w[i]) * to_float(x_H[i]);
    }
    const float correction = dot * scale * scale / static_cast<float>(hidden);
    float* sum_H = dw_sum.data();
#pragma omp simd
    for (std::int64_t i = 0; i < hidden; ++i) {
      const float x_i = to_float(x_H[i]);
      const float dy_i = to_float(dy_H[i]);
      dx_H[i] = from_float<T>(scale * (dy_i * to_float(w[i]) - x_i * correction));
      sum_H[i] += dy_i * x_i * scale;
    }
  }
  for (std::int64_t i = 0; i < hidden; ++i) {
    const float before = accumulate ? to_float(dw[i]) : 0.0f;
    dw[i] = from_float<T>(before + dw_sum[static_cast<std::size_t>(i)]);
  }
}

template void rms_norm_forward(const float*, const float*, std::int64_t, std::int64_t, float,
                               float*, float*);
template void rms_norm_forward(const Bfloat16*, const Bfloat16*, std::int64_t, std::int64_t, float,
                               Bfloat16*, float*);
template void rms_norm_backward(const float*, const float*, const float*, const float*,
                                std::int64_t, std::int64_t, float*, float*, bool);
template void rms_norm_backward(const Bfloat16*, const Bfloat16*, const Bfloat16*, const float*,
                                std::int64_t, std::int64_t, Bfloat16*, Bfloat16*, bool);

}  // namespace moebench::kernels
