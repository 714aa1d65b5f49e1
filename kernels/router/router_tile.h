#pragma once

#include <cmath>
#include <limits>

#include "kernels/gpu/tile.h"

namespace moebench::kernels {

// Whether expert a is chosen before b: a total order, NaNs first, so that every expert has a rank
// of its own whatever the logits are.
MOEBENCH_HD inline bool chosen_before(float logit_a, std::int64_t a, float logit_b,
                                      std::int64_t b) {
  const bool nan_a = logit_a != logit_a, nan_b = logit_b != logit_b;
  if (nan_a != nan_b) return nan_a;
  if (nan_a || logit_a == logit_b) return a < b;
  return logit_a > logit_b;
}

// A group of lanes has a token, each lane every `lanes`-th expert. An expert's place among the
// chosen is the number of experts before it: no lane waits for another's choice.
struct RouterTile {
  static constexpr int kThreads = 128;
  static constexpr int kPhases = 5;
  struct Shared {
    float max[kThreads];
    float sum[kThreads];
  };
  struct Local {
    float max, top_sum;
  };
  const float* logits;
  float* probs;  // or null
  std::int32_t* ids;
  float* weights;
  std::int64_t tokens, num_experts, top_k;
  std::int32_t lanes;  // of a token; a divisor of kThreads

  std::int64_t num_blocks() const { return divide_up(tokens, kThreads / lanes); }

  template <int phase>
  MOEBENCH_HD void run(Place place, Shared& shared, Local& local) const {
    const std::int64_t token =
        static_cast<std::int64_t>(place.block) * (kThreads / lanes) + place.thread / lanes;
    if (token >= tokens) return;
    const std::int32_t lane = place.thread % lanes, first = place.thread - lane;
    const float* row = logits + token * num_experts;
    if constexpr (phase == 0) {
      shared.max[place.thread] = largest(row, lane);
    } else if constexpr (phase == 1) {
      local.max = shared.max[first];
      for (int k = 1; k < lanes; ++k) local.max = fmaxf(local.max, shared.max[first + k]);
      shared.sum[place.thread] = sum_of_exp(row, lane, local.max);
    } else if constexpr (phase == 2) {
      float sum = 0;
      for (int k = 0; k < lanes; ++k) sum += shared.sum[first + k];
      write_probs(token, lane, local.max, sum);
    } else if constexpr (phase == 3) {
      for (std::int64_t j = 0; j < top_k; ++j) local.top_sum += weights[token * top_k + j];
    } else {
      for (std::int64_t j = lane; j < top_k; j += lanes) {
        weights[token * top_k + j] /= local.top_sum;
      }
    }
  }

 private:
  MOEBENCH_HD float largest(const float* row, std::int32_t lane) const {
    float max = -std::numeric_limits<float>::infinity();
    for (std::int64_t e = lane; e < num_experts; e += lanes) max = fmaxf(max, row[e]);
    return max;
  }
  MOEBENCH_HD float sum_of_exp(const float* row, std::int32_t lane, float max) const {
    float sum = 0;
    for (std::int64_t e = lane; e < num_experts; e += lanes) sum += std::exp(row[e] - max);
    return sum;
  }
  MOEBENCH_HD void write_probs(std::int64_t token, std::int32_t lane, float max, float sum) const {
    const float* row = logits + token * num_experts;
    for (std::int64_t e = lane; e < num_experts; e += lanes) {
      const float prob = std::exp(row[e] - max) / sum;
      if (probs != nullptr) probs[token * num_experts + e] = prob;
      std::int64_t rank = 0;
      for (std::int64_t other = 0; other < num_experts; ++other) {
        rank += chosen_before(row[other], other, row[e], e) ? 1 : 0;
      }
      if (rank >= top_k) continue;
      ids[token * top_k + rank] = static_cast<std::int32_t>(e);
      weights[token * top_k + rank] = prob;
    }
  }
};

}  // namespace moebench::kernels
