#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

struct AdamWOptions {
  double learning_rate = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  double gradient_scale = 1;  // multiplies every gradient first (clipping)
  std::int64_t step = 1;      // of this update, from 1, for the bias correction
};

// Holds what an update multiplies by, computed once in fp64.
struct AdamWScalars {
  float beta1, beta2, one_minus_beta1, one_minus_beta2;
  float step_size;  // learning rate with the first moment's bias correction
  float inverse_sqrt_correction2;
  float decay;  // what weight decay leaves of a parameter
  float epsilon;
  float gradient_scale;
};
AdamWScalars adamw_scalars(const AdamWOptions& options);

// AdamW (Loshchilov and Hutter 2019) over a flat shard, all four arrays in one pass; arithmetic in
// fp32, storage in T. param, exp_avg, exp_avg_sq are updated in place; grad is only read.
template <typename T>
void adamw(T* param, const T* grad, T* exp_avg, T* exp_avg_sq, std::int64_t count,
           const AdamWOptions& options);

// Sum of squares: fp32 inside a block of 1024 elements, fp64 over blocks in their order. The same
// bits with any number of threads.
template <typename T>
double sum_of_squares(const T* values, std::int64_t count);

}  // namespace moebench::kernels
