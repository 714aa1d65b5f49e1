#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "harness/model/row_kernels.h"
#include "harness/model/weight.h"

// Rotary embedding and causal attention as one differentiable operation, on what projections leave:
// h heads of queries, kv of keys and values; T = batch x seq_len tokens. They return
// [T, h x value_dim].
namespace moebench::model {

struct CausalAttention {
  kernels::RopeShape shape;  // but for split_dim, which the kernels of attention choose
  RopeTables rope;           // of at least shape.seq_len positions
  double scale = 1;          // of the scores; not 0
  std::int64_t window = 0;   // positions that a token sees, itself included; 0 = all before it
  at::Tensor window_mask;    // attention::window_mask
  // A logit of each head's softmax that has no value, [h]; null for none. It outlives the graph.
  Weight* sinks = nullptr;
};

// qkv: [T, (h + 2 kv) x head_dim].
at::Tensor fused_attention(const at::Tensor& qkv, const CausalAttention& how);

// q: [T, h x head_dim]; k: [T, kv x head_dim]; v: [T, kv x value_dim].
at::Tensor split_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const CausalAttention& how);

// Of DeepSeek V2 (2024): q: [T, h x head_dim]; kv: [T, h x (rotary_begin + value_dim)], of each
// head the part of its key that stays as it is, and its value; k_rotary: [T, rotary_dim], the
// rotated part of all heads' keys.
at::Tensor latent_attention(const at::Tensor& q, const at::Tensor& kv, const at::Tensor& k_rotary,
                            const CausalAttention& how);

}  // namespace moebench::model
