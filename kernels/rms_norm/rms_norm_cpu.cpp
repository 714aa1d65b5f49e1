#include "kernels/rms_norm/rms_norm.h"

#include <algorithm>
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

namespace {

// Rows whose part of dw one thread sums: a fixed number, so that the sums and their order do not
// depend on the number of threads.
constexpr std::int64_t kBlockRows = 64;
constexpr std::int64_t kBlockColumns = 512;

// dx of a row; adds the row's part of dw to `dw_sum`.
template <typename T>
void row_backward(const T* dy, const T* x, const T* w, float scale, std::int64_t hidden, T* dx,
                  float* dw_sum) {
  float dot = 0;
#pragma omp simd reduction(+ : dot)
  for (std::int64_t i = 0; i < hidden; ++i)
    dot += to_float(dy[i]) * to_float(w[i]) * to_float(x[i]);
  const float correction = dot * scale * scale / static_cast<float>(hidden);
#pragma omp simd
  for (std::int64_t i = 0; i < hidden; ++i) {
    const float x_i = to_float(x[i]);
    const float dy_i = to_float(dy[i]);
    dx[i] = from_float<T>(scale * (dy_i * to_float(w[i]) - x_i * correction));
    dw_sum[i] += dy_i * x_i * scale;
  }
}

}  // namespace

template <typename T>
void rms_norm_backward(const T* dy, const T* x, const T* w, const float* rstd, std::int64_t rows,
                       std::int64_t hidden, T* dx, T* dw, bool accumulate) {
  const std::int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  std::vector<float> sums_BH(static_cast<std::size_t>(blocks * hidden));
#pragma omp parallel for
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t end = std::min(rows, (block + 1) * kBlockRows);
    for (std::int64_t r = block * kBlockRows; r < end; ++r) {
      row_backward(dy + r * hidden, x + r * hidden, w, rstd[r], hidden, dx + r * hidden,
                   sums_BH.data() + block * hidden);
    }
  }
#pragma omp parallel for
  for (std::int64_t begin = 0; begin < hidden; begin += kBlockColumns) {
    const std::int64_t size = std::min(kBlockColumns, hidden - begin);
    float sum[kBlockColumns] = {};
    for (std::int64_t block = 0; block < blocks; ++block) {
      const float* in = sums_BH.data() + block * hidden + begin;
#pragma omp simd
      for (std::int64_t i = 0; i < size; ++i) sum[i] += in[i];
    }
    for (std::int64_t i = 0; i < size; ++i) {
      dw[begin + i] = from_float<T>((accumulate ? to_float(dw[begin + i]) : 0.0f) + sum[i]);
    }
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
