#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "harness/model/row_kernels.h"
#include "harness/model/weight.h"

// Differentiable operations over rows of tokens. Shape suffixes: T tokens, R expert rows,
// H hidden, I intermediate, E experts, k = top_k, V vocabulary. Weights must outlive the graph.
namespace moebench::model {

// x_TI [T, in] times weight^T, weight: [out, in].
at::Tensor linear(const at::Tensor& x, Weight& weight);
// Adds `bias` to each row, [out]; nothing where its value is undefined.
at::Tensor linear(const at::Tensor& x, Weight& weight, Weight& bias);

// As linear() of x and weight taken to fp32: [T, out] in fp32, whatever their dtype.
at::Tensor linear_in_fp32(const at::Tensor& x, Weight& weight);

at::Tensor rms_norm(const at::Tensor& x_TH, Weight& weight, double eps);

// Rows grouped as `groups` says; x_TH: [T, H] -> [R, H].
at::Tensor permute_rows(const at::Tensor& x_TH, SharedRowGroups groups, std::int64_t top_k);

// The weighted sum of each token's rows; weights_Tk: fp32 [T, k], or undefined for ones.
at::Tensor combine_rows(const at::Tensor& rows_RH, const at::Tensor& weights_Tk,
                        SharedRowGroups groups, std::int64_t top_k);

// Which experts each token gets, and how much of each. Differentiable but for the ids.
struct Routing {
  at::Tensor scores_TE;   // fp32: softmax or sigmoid of the logits
  at::Tensor weights_Tk;  // fp32
  at::Tensor ids_Tk;      // int32
};
// By kernels::route_top_k. forced_ids_Tk: int32, or undefined.
Routing route_logits(const at::Tensor& logits_TE, const at::Tensor& forced_ids_Tk,
                     const kernels::RouteShape& shape);

struct LossOptions {
  at::Tensor labels;  // int64 [T], negative = does not count
  float scale;        // multiplies the gradient, not the returned sum
};

// Sum over counting tokens of the cross entropy of x_TH times lm_head^T, fp64 [], where x is. Going
// backward from it gives `scale` x the gradient of the sum.
at::Tensor lm_head_loss(const at::Tensor& x_TH, Weight& lm_head, const LossOptions& options);

}  // namespace moebench::model
