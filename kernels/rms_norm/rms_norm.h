#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// Root-mean-square normalisation (Zhang and Sennrich 2019), y = w * x / sqrt(mean(x^2) + eps).
// x, y: [rows, hidden]; w: [hidden]; rstd: [rows], kept for the backward pass. T: float, Bfloat16;
// sums in fp32. As in Hugging Face's Mixtral, x_hat is rounded to T before the weight.
template <typename T>
void rms_norm_forward(const T* x, const T* w, std::int64_t rows, std::int64_t hidden, float eps,
                      T* y, float* rstd);

// dx: [rows, hidden]; dw: [hidden], overwritten, or added to when `accumulate`.
template <typename T>
void rms_norm_backward(const T* dy, const T* x, const T* w, const float* rstd, std::int64_t rows,
                       std::int64_t hidden, T* dx, T* dw, bool accumulate);

}  // namespace moebench::kernels
