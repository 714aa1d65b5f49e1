#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// Summed cross entropy of rows of logits and its gradient, in one pass over the logits.
// logits: [rows, vocab], overwritten by scale x (softmax(logits) - one_hot(label));
// labels: [rows], each below vocab; a negative one marks a row that does not count (gradient 0).
// Returns the sum over counting rows of -log softmax(logits)[label], unscaled. fp32 inside a row,
// fp64 over rows.
template <typename T>
double cross_entropy_in_place(T* logits, const std::int64_t* labels, std::int64_t rows,
                              std::int64_t vocab, float scale);

}  // namespace moebench::kernels
