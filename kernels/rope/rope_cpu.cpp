#include "kernels/rope/rope.h"

#include <algorithm>
#include <cmath>

namespace moebench::kernels {
namespace {

// (a, b) -> (a cos - b sin, b cos + a sin) on the halves of one head.
template <typename T>
void rotate(const T* in, const float* cos, const float* sin, std::int64_t half, T* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = to_float(in[i]);
    const float b = to_float(in[i + half]);
    out[i] = from_float<T>(a * cos[i] - b * sin[i]);
    out[i + half] = from_float<T>(b * cos[i] + a * sin[i]);
  }
}

// The transpose of rotate, applied to one head's gradient or to the fp32 sum of a group's.
template <typename In, typename T>
void rotate_back(const In* in, const float* cos, const float* sin, std::int64_t half, T* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = to_float(in[i]);
    const float b = to_float(in[i + half]);
    out[i] = from_float<T>(a * cos[i] + b * sin[i]);
    out[i + half] = from_float<T>(b * cos[i] - a * sin[i]);
  }
}

template <typename T>
void sum_heads(const T* in, std::int64_t num_heads, std::int64_t head_dim, float* sum) {
  std::fill(sum, sum + head_dim, 0.0f);
  for (std::int64_t h = 0; h < num_heads; ++h) {
#pragma omp simd
    for (std::int64_t i = 0; i < head_dim; ++i) sum[i] += to_float(in[h * head_dim + i]);
  }
}

}  // namespace

RopeTable::RopeTable(std::int64_t seq_len, std::int64_t head_dim, double theta) {
  const std::int64_t half = head_dim / 2;
  cos.reserve(static_cast<std::size_t>(seq_len * half));
  sin.reserve(static_cast<std::size_t>(seq_len * half));
  for (std::int64_t position = 0; position < seq_len; ++position) {
    for (std::int64_t i = 0; i < half; ++i) {
      const double frequency = std::pow(theta, -2.0 * static_cast<double>(i) / head_dim);
      const double angle = static_cast<double>(position) * frequency;
      cos.push_back(static_cast<float>(std::cos(angle)));
      sin.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

template <typename T>
void rope_split_forward(const T* qkv, const RopeTable& table, const RopeShape& shape, T* q, T* k,
                        T* v) {
  const std::int64_t dim = shape.head_dim, half = dim / 2;
  const std::int64_t group = shape.num_heads / shape.num_kv_heads;
  const std::int64_t row_size = (shape.num_heads + 2 * shape.num_kv_heads) * dim;
#pragma omp parallel for
  for (std::int64_t row = 0; row < shape.batch * shape.seq_len; ++row) {
    const float* cos = table.cos.data() + (row % shape.seq_len) * half;
    const float* sin = table.sin.data() + (row % shape.seq_len) * half;
    const T* q_in = qkv + row * row_size;
    const T* k_in = q_in + shape.num_heads * dim;
    const T* v_in = k_in + shape.num_kv_heads * dim;
    const std::int64_t out_row = row * shape.num_heads * dim;
    for (std::int64_t h = 0; h < shape.num_heads; ++h) {
      rotate(q_in + h * dim, cos, sin, half, q + out_row + h * dim);
    }
    for (std::int64_t h = 0; h < shape.num_heads; ++h) {
      const std::int64_t kv = h / group;
      T* k_out = k + out_row + h * dim;
      if (h % group == 0) {
        rotate(k_in + kv * dim, cos, sin, half, k_out);
      } else {
        std::copy(k_out - dim, k_out, k_out);
      }
      std::copy(v_in + kv * dim, v_in + (kv + 1) * dim, v + out_row + h * dim);
    }
  }
}

template <typename T>
void rope_split_backward(const T* dq, const T* dk, const T* dv, const RopeTable& table,
                         const RopeShape& shape, T* dqkv) {
  const std::int64_t dim = shape.head_dim, half = dim / 2;
  const std::int64_t group = shape.num_heads / shape.num_kv_heads;
  const std::int64_t row_size = (shape.num_heads + 2 * shape.num_kv_heads) * dim;
  std::vector<float> sum(static_cast<std::size_t>(dim));
#pragma omp parallel for firstprivate(sum)
  for (std::int64_t row = 0; row < shape.batch * shape.seq_len; ++row) {
    const float* cos = table.cos.data() + (row % shape.seq_len) * half;
    const float* sin = table.sin.data() + (row % shape.seq_len) * half;
    T* q_out = dqkv + row * row_size;
    T* k_out = q_out + shape.num_heads * dim;
    T* v_out = k_out + shape.num_kv_heads * dim;
    const std::int64_t in_row = row * shape.num_heads * dim;
    for (std::int64_t h = 0; h < shape.num_heads; ++h) {
      rotate_back(dq + in_row + h * dim, cos, sin, half, q_out + h * dim);
    }
    for (std::int64_t kv = 0; kv < shape.num_kv_heads; ++kv) {
      sum_heads(dk + in_row + kv * group * dim, group, dim, sum.data());
      rotate_back(sum.data(), cos, sin, half, k_out + kv * dim);
      sum_heads(dv + in_row + kv * group * dim, group, dim, sum.data());
      for (std::int64_t i = 0; i < dim; ++i) v_out[kv * dim + i] = from_float<T>(sum[i]);
    }
  }
}

template void rope_split_forward(const float*, const RopeTable&, const RopeShape&, float*, float*,
                                 float*);
template void rope_split_forward(const Bfloat16*, const RopeTable&, const RopeShape&, Bfloat16*,
                                 Bfloat16*, Bfloat16*);
template void rope_split_backward(const float*, const float*, const float*, const RopeTable&,
                                  const RopeShape&, float*);
template void rope_split_backward(const Bfloat16*, const Bfloat16*, const Bfloat16*,
                                  const RopeTable&, const RopeShape&, Bfloat16*);

}  // namespace moebench::kernels
