#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>

#include "harness/base/bfloat16.h"

namespace moebench::model {

// A parameter (or a stack of them) as the layers see it: a view into a gathered flat buffer, and
// the place in the flat gradient buffer where the backward pass leaves its gradient. Gradients
// bypass autograd's accumulation: they are written where the reduction reads them.
struct Weight {
  at::Tensor value;
  at::Tensor grad;
  bool accumulate = false;  // add to grad instead of overwriting it
  bool written = false;     // the backward pass has left a gradient here
};

// Whether a matrix, or each of a stack of them, lies in memory as its transpose.
inline bool is_transposed(const at::Tensor& matrix) {
  return matrix.stride(-2) == 1 && matrix.stride(-1) >= matrix.size(-2) && matrix.size(-1) > 1;
}

// weight.grad (+)= a times b; where it lies transposed, the transposed product, which is then as
// fast.
inline void store_product(const at::Tensor& a, const at::Tensor& b, bool accumulate,
                          at::Tensor grad) {
  if (is_transposed(grad)) return store_product(b.t(), a.t(), accumulate, grad.t());
  if (accumulate) {
    at::addmm_out(grad, grad, a, b);
  } else {
    at::mm_out(grad, a, b);
  }
}

// grad (+)= gradient.
inline void store(const at::Tensor& gradient, bool accumulate, const at::Tensor& grad) {
  if (accumulate) {
    grad.add_(gradient);
  } else {
    grad.copy_(gradient);
  }
}

// Leaves a whole gradient where the weight wants it.
inline void store(const at::Tensor& gradient, Weight& weight) {
  store(gradient, weight.accumulate, weight.grad);
  weight.written = true;
}

// Raw pointers for the kernels, which know nothing of torch.
template <typename T>
T* data(const at::Tensor& tensor) {
  return static_cast<T*>(tensor.data_ptr());
}

// Calls f with a value of the kernels' element type of `dtype`: float or Bfloat16.
template <typename F>
void for_dtype(at::ScalarType dtype, F&& f) {
  if (dtype == at::kFloat) {
    f(float{});
  } else {
    TORCH_INTERNAL_ASSERT(dtype == at::kBFloat16);
    f(Bfloat16{});
  }
}

}  // namespace moebench::model
