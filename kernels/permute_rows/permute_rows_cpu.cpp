#include "kernels/permute_rows/permute_rows.h"

#include <algorithm>

#include "harness/base/check.h"

namespace moebench::kernels {
namespace {

std::int64_t num_tokens(const RowMap& map, std::int64_t top_k) {
  return static_cast<std::int64_t>(map.position.size()) / top_k;
}

// Groups are filled from their start, so what belongs to no token is each group's tail.
template <typename T>
void zero_unused_rows(const RowMap& map, std::int64_t hidden, T* rows) {
  for (std::size_t e = 0; e < map.counts.size(); ++e) {
    std::fill(rows + (map.offsets[e] + map.counts[e]) * hidden, rows + map.offsets[e + 1] * hidden,
              T{});
  }
}

}  // namespace

RowMap group_rows(std::span<const std::int32_t> expert_ids, std::int64_t num_experts,
                  std::int64_t row_multiple) {
  RowMap map;
  map.counts.assign(static_cast<std::size_t>(num_experts), 0);
  for (std::int32_t e : expert_ids) {
    MOEBENCH_CHECK(e >= 0 && e < num_experts);
    ++map.counts[static_cast<std::size_t>(e)];
  }
  map.offsets.assign(1, 0);
  for (std::int64_t count : map.counts) {
    const std::int64_t rounded = (count + row_multiple - 1) / row_multiple * row_multiple;
    map.offsets.push_back(map.offsets.back() + rounded);
  }
  std::vector<std::int64_t> next = map.offsets;
  map.position.reserve(expert_ids.size());
  for (std::int32_t e : expert_ids) {
    map.position.push_back(static_cast<std::int32_t>(next[static_cast<std::size_t>(e)]++));
  }
  return map;
}

template <typename T>
void permute_rows(const T* x, const RowMap& map, std::int64_t top_k, std::int64_t hidden, T* rows) {
  zero_unused_rows(map, hidden, rows);
#pragma omp parallel for
  for (std::int64_t t = 0; t < num_tokens(map, top_k); ++t) {
    for (std::int64_t j = 0; j < top_k; ++j) {
      const std::int64_t row = map.position[static_cast<std::size_t>(t * top_k + j)];
      std::copy(x + t * hidden, x + (t + 1) * hidden, rows + row * hidden);
    }
  }
}

template <typename T>
void combine_rows(const T* rows, const float* weights, const RowMap& map, std::int64_t top_k,
                  std::int64_t hidden, T* y) {
  constexpr std::int64_t kBlock = 512;
#pragma omp parallel for
  for (std::int64_t t = 0; t < num_tokens(map, top_k); ++t) {
    for (std::int64_t begin = 0; begin < hidden; begin += kBlock) {
      const std::int64_t count = std::min(kBlock, hidden - begin);
      float sum[kBlock] = {};
      for (std::int64_t j = 0; j < top_k; ++j) {
        const std::int64_t row = map.position[static_cast<std::size_t>(t * top_k + j)];
        const float weight = weights == nullptr ? 1.0f : weights[t * top_k + j];
        const T* in = rows + row * hidden + begin;
#pragma omp simd
        for (std::int64_t i = 0; i < count; ++i) sum[i] += weight * to_float(in[i]);
      }
      T* out = y + t * hidden + begin;
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) out[i] = from_float<T>(sum[i]);
    }
  }
}

template <typename T>
void combine_rows_backward(const T* dy, const T* rows, const float* weights, const RowMap& map,
                           std::int64_t top_k, std::int64_t hidden, T* drows, float* dweights) {
  zero_unused_rows(map, hidden, drows);
#pragma omp parallel for
  for (std::int64_t t = 0; t < num_tokens(map, top_k); ++t) {
    const T* dy_H = dy + t * hidden;
    for (std::int64_t j = 0; j < top_k; ++j) {
      const std::int64_t row = map.position[static_cast<std::size_t>(t * top_k + j)];
      const float weight = weights[t * top_k + j];
      const T* in = rows + row * hidden;
      T* out = drows + row * hidden;
      float dot = 0;
#pragma omp simd reduction(+ : dot)
      for (std::int64_t i = 0; i < hidden; ++i) {
        const float d = to_float(dy_H[i]);
        dot += d * to_float(in[i]);
        out[i] = from_float<T>(weight * d);
      }
      dweights[t * top_k + j] = dot;
    }
  }
}

template void permute_rows(const float*, const RowMap&, std::int64_t, std::int64_t, float*);
template void permute_rows(const Bfloat16*, const RowMap&, std::int64_t, std::int64_t, Bfloat16*);
template void combine_rows(const float*, const float*, const RowMap&, std::int64_t, std::int64_t,
                           float*);
template void combine_rows(const Bfloat16*, const float*, const RowMap&, std::int64_t, std::int64_t,
                           Bfloat16*);
template void combine_rows_backward(const float*, const float*, const float*, const RowMap&,
                                    std::int64_t, std::int64_t, float*, float*);
template void combine_rows_backward(const Bfloat16*, const Bfloat16*, const float*, const RowMap&,
                                    std::int64_t, std::int64_t, Bfloat16*, float*);

}  // namespace moebench::kernels
