#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

struct RopeShape {
  std::int64_t batch = 0;
  std::int64_t seq_len = 0;
  std::int64_t num_heads = 0;
  std::int64_t num_kv_heads = 0;
  std::int64_t head_dim = 0;
};

// cos and sin of position x theta^(-2i/head_dim) (Su et al. 2021), each [seq_len, head_dim / 2].
struct RopeTable {
  std::vector<float> cos;
  std::vector<float> sin;
  RopeTable(std::int64_t seq_len, std::int64_t head_dim, double theta);
};

// Splits rows of a fused projection, qkv: [batch x seq_len, (num_heads + 2 num_kv_heads) x
// head_dim], rotates q and k (rotate-half layout) and repeats each key and value head for its
// group of query heads. q, k, v: [batch, seq_len, num_heads, head_dim].
template <typename T>
void rope_split_forward(const T* qkv, const RopeTable& table, const RopeShape& shape, T* q, T* k,
                        T* v);

// The adjoint: sums the gradients of a group's repeated heads, rotates back, writes dqkv.
template <typename T>
void rope_split_backward(const T* dq, const T* dk, const T* dv, const RopeTable& table,
                         const RopeShape& shape, T* dqkv);

}  // namespace moebench::kernels
