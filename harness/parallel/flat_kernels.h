#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/adamw/adamw.h"

// The kernels over a unit's flat shard: on the CPU, or on a GPU in the order of its stream.
namespace moebench::parallel::flat {

// fp64 [], where the values are.
at::Tensor sum_of_squares(const at::Tensor& values);

void adamw(const at::Tensor& param, const at::Tensor& grad, const at::Tensor& exp_avg,
           const at::Tensor& exp_avg_sq, const kernels::AdamWOptions& options);

}  // namespace moebench::parallel::flat
