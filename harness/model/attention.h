#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <tuple>

// Causal scaled dot-product attention by libtorch's fused kernels: flash attention on the CPU, and
// on a GPU in bf16; memory-efficient attention on a GPU in fp32, which flash attention does not
// have. All tensors are [batch, heads, seq_len, dim], with one `dim` for q, k and v. On a GPU
// windows have not run yet.
namespace moebench::model::attention {

struct Options {
  double scale = 1;         // of the scores, above 0
  std::int64_t window = 0;  // positions that a token sees, itself included; 0 = all before it
  at::Tensor window_mask;   // of that window and seq_len, where the kernels need one
  at::Tensor sinks;         // [heads]: a logit of each head's softmax without a value, or undefined
};

// Says which `dim` the kernels for tensors like this take that have heads of at least `dim`.
std::int64_t padded_dim(std::int64_t dim, const at::Tensor& like);

// Added to the scores: fp32 [seq_len, seq_len], -inf for what lies before the window. Undefined
// where the kernels for tensors like this need none.
at::Tensor window_mask(std::int64_t seq_len, std::int64_t window, const at::TensorOptions& like);

// With sinks both `out` and `logsumexp` count the sink, so that the kernels' backward pass, which
// knows of none, is right: it takes exp(score - logsumexp) for the probabilities.
struct Result {
  at::Tensor out;
  at::Tensor logsumexp;     // fp32 [batch, heads, seq_len or more]
  at::Tensor seed, offset;  // of a dropout that is off; a GPU's backward wants them
};

Result forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
               const Options& options);

// Gradients of q, k and v.
std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(const at::Tensor& dout, const at::Tensor& q,
                                                        const at::Tensor& k, const at::Tensor& v,
                                                        const Result& result,
                                                        const Options& options);

// Of the sinks, fp32 [heads]: of each row, minus the sink's probability times dout . out.
at::Tensor sinks_gradient(const at::Tensor& dout, const Result& result, const at::Tensor& sinks);

}  // namespace moebench::model::attention
