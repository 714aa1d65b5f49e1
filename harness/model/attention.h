#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <tuple>

// Causal scaled dot-product attention by libtorch's fused kernels: flash attention on the CPU, and
// on a GPU in bf16; memory-efficient attention on a GPU in fp32, which flash attention does not
// have. All tensors are [batch, heads, seq_len, head_dim]; `scale` of the scores: none = 1 /
// sqrt(head_dim).
namespace moebench::model::attention {

struct Result {
  at::Tensor out;
  at::Tensor logsumexp;
  at::Tensor seed, offset;  // of a dropout that is off; a GPU's backward wants them
};

Result forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
               std::optional<double> scale);

// Gradients of q, k and v.
std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(const at::Tensor& dout, const at::Tensor& q,
                                                        const at::Tensor& k, const at::Tensor& v,
                                                        const Result& result,
                                                        std::optional<double> scale);

}  // namespace moebench::model::attention
