#pragma once

#include <cmath>
#include <cstdint>
#include <ostream>
#include <vector>

#include "kernels/rope/rope.h"

namespace moebench::kernels {

// theta^(-2i/dim), what most models rotate with (Su et al. 2021).
inline std::vector<double> rope_frequencies(double theta, std::int64_t dim) {
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < dim / 2; ++i) {
    frequencies.push_back(
        std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim)));
  }
  return frequencies;
}

// Where all are heads behind one another in one row: [rows, (num_heads + 2 num_kv_heads) x
// head_dim].
template <typename T>
RopeSource<T> fused_rope_source(T* qkv, const RopeShape& shape) {
  const std::int64_t dim = shape.head_dim;
  const std::int64_t row = (shape.num_heads + 2 * shape.num_kv_heads) * dim;
  T* k = qkv + shape.num_heads * dim;
  return {{qkv, row, dim},
          {k, row, dim},
          {k + shape.rotary_begin, row, dim},
          {k + shape.num_kv_heads * dim, row, dim}};
}

// How q, k and v lie in one array of a test: rows of a fused projection; those of three, one behind
// the other; or those of latent attention, where a row of the second has the kept part of a key and
// the value of each head, and one of the third the rotated part of all keys.
enum class RopeLayout { kFused, kSeparate, kLatent };

struct RopeCase {
  RopeShape shape;
  RopeLayout layout = RopeLayout::kFused;
};

inline std::ostream& operator<<(std::ostream& out, const RopeCase& c) {
  const RopeShape& s = c.shape;
  return out << "layout " << static_cast<int>(c.layout) << ", " << s.num_heads << " heads of "
             << s.head_dim << " and " << s.value() << " for " << s.num_kv_heads << ", sequences of "
             << s.seq_len << ", rotated from " << s.rotary_begin << " to " << s.rotary_end()
             << (s.interleaved ? ", interleaved" : "") << ", filled up to " << s.split();
}

template <typename T>
RopeSource<T> source_in(T* data, const RopeCase& c) {
  const RopeShape& s = c.shape;
  if (c.layout == RopeLayout::kFused) return fused_rope_source(data, s);
  const std::int64_t q_row = s.num_heads * s.head_dim;
  T* second = data + s.rows() * q_row;
  if (c.layout == RopeLayout::kSeparate) {
    const std::int64_t k_row = s.num_kv_heads * s.head_dim;
    return {{data, q_row, s.head_dim},
            {second, k_row, s.head_dim},
            {second + s.rotary_begin, k_row, s.head_dim},
            {second + s.rows() * k_row, s.num_kv_heads * s.value(), s.value()}};
  }
  const std::int64_t kv_head = s.rotary_begin + s.value(), kv_row = s.num_heads * kv_head;
  return {{data, q_row, s.head_dim},
          {second, kv_row, kv_head},
          {second + s.rows() * kv_row, s.rotary(), 0},
          {second + s.rotary_begin, kv_row, kv_head}};
}

// Elements of that array.
inline std::int64_t source_size(const RopeCase& c) {
  const RopeShape& s = c.shape;
  if (c.layout == RopeLayout::kLatent) {
    return s.rows() * (s.num_heads * (s.head_dim + s.rotary_begin + s.value()) + s.rotary());
  }
  return s.rows() * (s.num_heads * s.head_dim + s.num_kv_heads * (s.head_dim + s.value()));
}

// Elements of each of q, k and v after the split.
inline std::int64_t split_size(const RopeShape& s) { return s.rows() * s.num_heads * s.split(); }

}  // namespace moebench::kernels
