#include "kernels/router/router.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "harness/base/check.h"
#include "kernels/router/router_tile.h"

namespace moebench::kernels {
namespace {

// Softmax of a row, also where `probs` is the row itself. A NaN makes all of it NaN.
void softmax(const float* row, std::int64_t num_experts, float* probs) {
  const float max = *std::max_element(row, row + num_experts);
  float sum = 0;
  for (std::int64_t e = 0; e < num_experts; ++e) sum += probs[e] = std::exp(row[e] - max);
  for (std::int64_t e = 0; e < num_experts; ++e) probs[e] /= sum;
}

}  // namespace

void route_top_k(const float* logits, std::int64_t tokens, std::int64_t num_experts,
                 std::int64_t top_k, float* probs, std::int32_t* ids, float* weights) {
  MOEBENCH_CHECK(top_k >= 1 && top_k <= num_experts);
#pragma omp parallel
  {
    std::vector<std::int32_t> order(static_cast<std::size_t>(num_experts));
    std::vector<float> own(order.size());
#pragma omp for
    for (std::int64_t t = 0; t < tokens; ++t) {
      const float* row = logits + t * num_experts;
      float* const probs_E = probs == nullptr ? own.data() : probs + t * num_experts;
      softmax(row, num_experts, probs_E);
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + top_k, order.end(),
                        [&](auto a, auto b) { return chosen_before(row[a], a, row[b], b); });
      float sum = 0;
      for (std::int64_t j = 0; j < top_k; ++j) sum += probs_E[order[static_cast<std::size_t>(j)]];
      for (std::int64_t j = 0; j < top_k; ++j) {
        const std::int32_t e = order[static_cast<std::size_t>(j)];
        ids[t * top_k + j] = e;
        weights[t * top_k + j] = probs_E[e] / sum;
      }
    }
  }
}

}  // namespace moebench::kernels
