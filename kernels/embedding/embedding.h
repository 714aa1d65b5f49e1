#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// Gradient of an embedding table: dtable[v] (+)= sum of dx[t] over all t with tokens[t] == v, in
// fp32 in the order of t, rounded once. tokens: [rows], each in [0, vocab); dx: [rows, hidden];
// dtable: [vocab, hidden], overwritten, or added to when `accumulate`.
template <typename T>
void embedding_backward(const std::int64_t* tokens, const T* dx, std::int64_t rows,
                        std::int64_t vocab, std::int64_t hidden, T* dtable, bool accumulate);

}  // namespace moebench::kernels
