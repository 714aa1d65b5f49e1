#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// Says where each (token, choice) pair goes when rows are grouped by expert.
struct RowMap {
  std::vector<std::int32_t> position;  // [tokens x top_k] -> row, stable within an expert
  std::vector<std::int64_t> counts;    // [experts] rows in use
  std::vector<std::int64_t> offsets;   // [experts + 1] first row of each group, then num_rows
  std::int64_t num_rows() const { return offsets.back(); }
};

// Counting sort of `expert_ids` ([tokens x top_k], each in [0, num_experts)). Every group's size
// is rounded up to a multiple of `row_multiple`; the rows that fill it up belong to no token.
RowMap group_rows(std::span<const std::int32_t> expert_ids, std::int64_t num_experts,
                  std::int64_t row_multiple);

// rows[position[t, j]] = x[t]; rows of no token become 0.
// x: [tokens, hidden]; rows: [map.num_rows(), hidden].
template <typename T>
void permute_rows(const T* x, const RowMap& map, std::int64_t top_k, std::int64_t hidden, T* rows);

// y[t] = sum over j of weights[t, j] * rows[position[t, j]], summed in fp32 in the order of j.
// weights: [tokens, top_k], or null for ones; y: [tokens, hidden].
template <typename T>
void combine_rows(const T* rows, const float* weights, const RowMap& map, std::int64_t top_k,
                  std::int64_t hidden, T* y);

// Adjoint of combine_rows: drows[position[t, j]] = weights[t, j] * dy[t] (0 for rows of no token)
// and dweights[t, j] = <dy[t], rows[position[t, j]]>. dweights: [tokens, top_k] fp32.
template <typename T>
void combine_rows_backward(const T* dy, const T* rows, const float* weights, const RowMap& map,
                           std::int64_t top_k, std::int64_t hidden, T* drows, float* dweights);

}  // namespace moebench::kernels
