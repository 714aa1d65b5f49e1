#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>

#include "harness/model/weight.h"

namespace moebench::model {

// Random values, and a gradient full of stale ones, which must be overwritten.
inline Weight make_weight(at::IntArrayRef shape) {
  Weight weight;
  weight.value = at::randn(shape) * 0.3;
  weight.grad = at::full(shape, 99.0);
  return weight;
}

// A copy of the values for autograd to differentiate by.
inline at::Tensor leaf(const at::Tensor& values) {
  return values.detach().clone().requires_grad_(true);
}

inline double relative_error(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor exact = want.to(at::kDouble);
  return ((got.to(at::kDouble) - exact).norm() / (exact.norm() + 1e-12)).item<double>();
}

}  // namespace moebench::model
