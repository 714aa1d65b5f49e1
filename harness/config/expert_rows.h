#pragma once

#include <cstdint>

#include "harness/config/enums.h"

// How the grouped kernel computes experts on a CPU, which depends on how many rows they have.
namespace moebench::config {

// Up to so many rows an expert on average, the kernel of kernels/grouped_mlp takes less time than
// products of libtorch, which model_bench shows.
inline constexpr std::int64_t kFewExpertRows = 64;

constexpr bool has_few_rows(std::int64_t rows, std::int64_t num_experts) {
  return rows <= kFewExpertRows * num_experts;
}

// The rows of each expert are filled up to a multiple of this. oneDNN, which takes bf16, builds a
// primitive for every new row count; 16 keeps their number small for about 6 % of empty rows at 128
// rows an expert.
constexpr std::int64_t expert_row_multiple(Dtype dtype, std::int64_t rows,
                                           std::int64_t num_experts) {
  return dtype == Dtype::kBf16 && !has_few_rows(rows, num_experts) ? 16 : 1;
}

}  // namespace moebench::config
