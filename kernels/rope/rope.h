#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// All dimensions are even. What is constexpr here, GPU code calls too.
struct RopeShape {
  std::int64_t batch = 0;
  std::int64_t seq_len = 0;
  std::int64_t num_heads = 0;
  std::int64_t num_kv_heads = 0;
  std::int64_t head_dim = 0;      // of queries and keys
  std::int64_t rotary_begin = 0;  // where in a head what is rotated begins; the rest stays as it is
  std::int64_t rotary_dim = 0;    // 0 = head_dim
  bool interleaved = false;       // pairs are neighbours, not halves: (x0, x1), (x2, x3), ...
  std::int64_t value_dim = 0;     // 0 = head_dim
  std::int64_t split_dim = 0;     // of each head of q, k and v, zeros at its end; 0 = head_dim

  constexpr std::int64_t rows() const { return batch * seq_len; }
  constexpr std::int64_t rotary() const { return rotary_dim > 0 ? rotary_dim : head_dim; }
  constexpr std::int64_t rotary_end() const { return rotary_begin + rotary(); }
  constexpr std::int64_t value() const { return value_dim > 0 ? value_dim : head_dim; }
  constexpr std::int64_t split() const { return split_dim > 0 ? split_dim : head_dim; }
  // Nothing but rotated pairs and values.
  constexpr bool is_whole() const {
    return rotary() == head_dim && head_dim == split() && value() == split();
  }
};

// `factor` times cos and sin of position x inverse frequency (Su et al. 2021), each [seq_len,
// frequencies]; a pair of the rotated dimensions has one frequency.
struct RopeTable {
  std::vector<float> cos;
  std::vector<float> sin;
  RopeTable(std::int64_t seq_len, const std::vector<double>& inverse_frequencies,
            double factor = 1);
};

// Where the heads of a token lie: element i of head h of row r is data[r x row_stride + h x
// head_stride + i].
template <typename T>
struct HeadRows {
  T* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t head_stride = 0;  // 0: all heads are one

  constexpr T* head(std::int64_t row, std::int64_t h) const {
    return data + row * row_stride + h * head_stride;
  }
};

// q, k and v as projections leave them.
template <typename T>
struct RopeSource {
  HeadRows<T> q;         // num_heads of head_dim
  HeadRows<T> k;         // num_kv_heads of head_dim, where what is rotated is not looked at
  HeadRows<T> k_rotary;  // num_kv_heads of rotary_dim, or one that all share
  HeadRows<T> v;         // num_kv_heads of value_dim
};

// Rotates q and k, repeats each key and value head for its group of query heads, and fills each
// head up with zeros. q, k, v: [batch, seq_len, num_heads, split_dim]; table: of at least seq_len
// positions and rotary_dim / 2 frequencies.
template <typename T>
void rope_split_forward(const RopeSource<const T>& from, const RopeTable& table,
                        const RopeShape& shape, T* q, T* k, T* v);

// The adjoint: sums the gradients of what was repeated or shared, rotates back, and writes all of
// `to` that the forward pass reads.
template <typename T>
void rope_split_backward(const T* dq, const T* dk, const T* dv, const RopeTable& table,
                         const RopeShape& shape, const RopeSource<T>& to);

}  // namespace moebench::kernels
