#include "kernels/rope/rope.h"

#include <algorithm>
#include <cmath>

namespace moebench::kernels {
namespace {

// How a row turns: cos and sin of its position, and what pairs, halves or neighbours.
template <bool interleaved>
struct Turn {
  std::int64_t row;
  const float* cos;
  const float* sin;
  std::int64_t half;

  Turn(const RopeTable& table, const RopeShape& shape, std::int64_t of_row)
      : row(of_row),
        cos(table.cos.data() + row % shape.seq_len * (shape.rotary() / 2)),
        sin(table.sin.data() + row % shape.seq_len * (shape.rotary() / 2)),
        half(shape.rotary() / 2) {}
  std::int64_t first(std::int64_t i) const { return interleaved ? 2 * i : i; }
  std::int64_t second(std::int64_t i) const { return interleaved ? 2 * i + 1 : i + half; }
};

// (a, b) -> (a cos - b sin, b cos + a sin)
template <bool interleaved, typename T>
void rotate(const T* in, const Turn<interleaved> turn, T* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < turn.half; ++i) {
    const float a = to_float(in[turn.first(i)]);
    const float b = to_float(in[turn.second(i)]);
    out[turn.first(i)] = from_float<T>(a * turn.cos[i] - b * turn.sin[i]);
    out[turn.second(i)] = from_float<T>(b * turn.cos[i] + a * turn.sin[i]);
  }
}

// The transpose of rotate, applied to one head's gradient or to the fp32 sum of several.
template <bool interleaved, typename In, typename T>
void rotate_back(const In* in, const Turn<interleaved> turn, T* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < turn.half; ++i) {
    const float a = to_float(in[turn.first(i)]);
    const float b = to_float(in[turn.second(i)]);
    out[turn.first(i)] = from_float<T>(a * turn.cos[i] + b * turn.sin[i]);
    out[turn.second(i)] = from_float<T>(b * turn.cos[i] - a * turn.sin[i]);
  }
}

// Elements [begin, end).
template <typename In, typename T>
void copy(const In* in, std::int64_t begin, std::int64_t end, T* out) {
  for (std::int64_t i = begin; i < end; ++i) out[i] = from_float<T>(to_float(in[i]));
}

template <typename T>
void fill_up(T* head, std::int64_t from, const RopeShape& shape) {
  std::fill(head + from, head + shape.split(), T{});
}

// Writes what is not rotated of a head of queries or keys.
template <typename T>
void copy_rest(const T* in, const RopeShape& shape, T* out) {
  std::copy(in, in + shape.rotary_begin, out);
  std::copy(in + shape.rotary_end(), in + shape.head_dim, out + shape.rotary_end());
  fill_up(out, shape.head_dim, shape);
}

// The same of a gradient.
template <typename In, typename T>
void copy_rest_back(const In* in, const RopeShape& shape, T* out) {
  copy(in, 0, shape.rotary_begin, out);
  copy(in, shape.rotary_end(), shape.head_dim, out);
}

// The first `dim` elements of heads that lie `stride` apart.
template <typename T>
void sum_heads(const T* in, std::int64_t num_heads, std::int64_t stride, std::int64_t dim,
               float* sum) {
  std::fill(sum, sum + dim, 0.0f);
  for (std::int64_t h = 0; h < num_heads; ++h) {
#pragma omp simd
    for (std::int64_t i = 0; i < dim; ++i) sum[i] += to_float(in[h * stride + i]);
  }
}

// Heads of q, k and v after the split.
template <typename T>
struct Split {
  HeadRows<T> q, k, v;

  Split(T* q_data, T* k_data, T* v_data, const RopeShape& shape)
      : q(rows(q_data, shape)), k(rows(k_data, shape)), v(rows(v_data, shape)) {}
  static HeadRows<T> rows(T* data, const RopeShape& shape) {
    return {data, shape.num_heads * shape.split(), shape.split()};
  }
};

template <bool interleaved, typename T>
void split_row(const RopeSource<const T>& from, const Turn<interleaved>& turn,
               const RopeShape& shape, const Split<T>& to) {
  const std::int64_t row = turn.row, group = shape.num_heads / shape.num_kv_heads;
  const std::int64_t begin = shape.rotary_begin, dim = shape.split(), value = shape.value();
  const bool is_whole = shape.is_whole();
  T* q = to.q.head(row, 0);
  for (std::int64_t h = 0; h < shape.num_heads; ++h, q += dim) {
    const T* in = from.q.head(row, h);
    rotate(in + begin, turn, q + begin);
    if (!is_whole) copy_rest(in, shape, q);
  }
  T* k = to.k.head(row, 0);
  T* v = to.v.head(row, 0);
  for (std::int64_t kv = 0; kv < shape.num_kv_heads; ++kv) {
    rotate(from.k_rotary.head(row, kv), turn, k + begin);
    if (!is_whole) copy_rest(from.k.head(row, kv), shape, k);
    const T* v_in = from.v.head(row, kv);
    for (std::int64_t repeat = 0; repeat < group; ++repeat, k += dim, v += dim) {
      if (repeat > 0) std::copy(k - dim, k, k);
      std::copy(v_in, v_in + value, v);
      if (!is_whole) fill_up(v, value, shape);
    }
  }
}

// `sum` has room for a head.
template <bool interleaved, typename T>
void join_row(const Split<const T>& from, const Turn<interleaved>& turn, const RopeShape& shape,
              const RopeSource<T>& to, float* sum) {
  const std::int64_t row = turn.row, group = shape.num_heads / shape.num_kv_heads;
  const std::int64_t begin = shape.rotary_begin, dim = shape.split(), value = shape.value();
  const bool is_whole = shape.is_whole();
  const bool shares_rotary = to.k_rotary.head_stride == 0;
  const T* q = from.q.head(row, 0);
  for (std::int64_t h = 0; h < shape.num_heads; ++h, q += dim) {
    T* out = to.q.head(row, h);
    rotate_back(q + begin, turn, out + begin);
    if (!is_whole) copy_rest_back(q, shape, out);
  }
  const T* k = from.k.head(row, 0);
  const T* v = from.v.head(row, 0);
  for (std::int64_t kv = 0; kv < shape.num_kv_heads; ++kv, k += group * dim, v += group * dim) {
    sum_heads(k, group, dim, shape.head_dim, sum);
    if (!shares_rotary) rotate_back(sum + begin, turn, to.k_rotary.head(row, kv));
    if (!is_whole) copy_rest_back(sum, shape, to.k.head(row, kv));
    sum_heads(v, group, dim, value, sum);
    copy(sum, 0, value, to.v.head(row, kv));
  }
  if (shares_rotary) {
    sum_heads(from.k.head(row, 0) + begin, shape.num_heads, dim, shape.rotary(), sum);
    rotate_back(sum, turn, to.k_rotary.head(row, 0));
  }
}

template <bool interleaved, typename T>
void forward(const RopeSource<const T>& from, const RopeTable& table, const RopeShape& shape,
             const Split<T>& to) {
#pragma omp parallel for
  for (std::int64_t row = 0; row < shape.rows(); ++row) {
    split_row(from, Turn<interleaved>(table, shape, row), shape, to);
  }
}

template <bool interleaved, typename T>
void backward(const Split<const T>& from, const RopeTable& table, const RopeShape& shape,
              const RopeSource<T>& to) {
  std::vector<float> sum(static_cast<std::size_t>(std::max(shape.head_dim, shape.value())));
#pragma omp parallel for firstprivate(sum)
  for (std::int64_t row = 0; row < shape.rows(); ++row) {
    join_row(from, Turn<interleaved>(table, shape, row), shape, to, sum.data());
  }
}

}  // namespace

RopeTable::RopeTable(std::int64_t seq_len, const std::vector<double>& inverse_frequencies,
                     double factor) {
  cos.reserve(static_cast<std::size_t>(seq_len) * inverse_frequencies.size());
  sin.reserve(cos.capacity());
  for (std::int64_t position = 0; position < seq_len; ++position) {
    for (const double frequency : inverse_frequencies) {
      const double angle = static_cast<double>(position) * frequency;
      cos.push_back(static_cast<float>(factor * std::cos(angle)));
      sin.push_back(static_cast<float>(factor * std::sin(angle)));
    }
  }
}

template <typename T>
void rope_split_forward(const RopeSource<const T>& from, const RopeTable& table,
                        const RopeShape& shape, T* q, T* k, T* v) {
  if (shape.interleaved) {
    forward<true>(from, table, shape, Split<T>(q, k, v, shape));
  } else {
    forward<false>(from, table, shape, Split<T>(q, k, v, shape));
  }
}

template <typename T>
void rope_split_backward(const T* dq, const T* dk, const T* dv, const RopeTable& table,
                         const RopeShape& shape, const RopeSource<T>& to) {
  if (shape.interleaved) {
    backward<true>(Split<const T>(dq, dk, dv, shape), table, shape, to);
  } else {
    backward<false>(Split<const T>(dq, dk, dv, shape), table, shape, to);
  }
}

template void rope_split_forward(const RopeSource<const float>&, const RopeTable&, const RopeShape&,
                                 float*, float*, float*);
template void rope_split_forward(const RopeSource<const Bfloat16>&, const RopeTable&,
                                 const RopeShape&, Bfloat16*, Bfloat16*, Bfloat16*);
template void rope_split_backward(const float*, const float*, const float*, const RopeTable&,
                                  const RopeShape&, const RopeSource<float>&);
template void rope_split_backward(const Bfloat16*, const Bfloat16*, const Bfloat16*,
                                  const RopeTable&, const RopeShape&, const RopeSource<Bfloat16>&);

}  // namespace moebench::kernels
