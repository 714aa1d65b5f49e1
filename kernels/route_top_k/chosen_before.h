#pragma once

#include <cstdint>

#include "kernels/gpu/tile.h"

namespace moebench::kernels {

// Whether expert a is chosen before b: a total order, NaNs first, so that every expert has a place
// of its own whatever the logits are.
MOEBENCH_HD inline bool chosen_before(float logit_a, std::int64_t a, float logit_b,
                                      std::int64_t b) {
  const bool nan_a = logit_a != logit_a, nan_b = logit_b != logit_b;
  if (nan_a != nan_b) return nan_a;
  if (nan_a || logit_a == logit_b) return a < b;
  return logit_a > logit_b;
}

}  // namespace moebench::kernels
