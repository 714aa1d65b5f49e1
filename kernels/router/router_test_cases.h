#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "kernels/test_util.h"

namespace moebench::kernels {

struct RouterCase {
  std::int64_t tokens, num_experts, top_k;
};

// No tokens; one expert; one token; all experts chosen; more experts, and choices, than a warp has
// lanes; ragged last blocks.
constexpr RouterCase kRouterCases[] = {{0, 8, 2},   {1, 1, 1},   {5, 1, 1},   {1, 8, 2},
                                       {33, 8, 2},  {7, 4, 4},   {65, 3, 2},  {130, 40, 8},
                                       {3, 128, 8}, {257, 2, 1}, {9, 33, 33}, {2, 70, 40}};

struct RouterResult {
  std::vector<double> probs, weights;
  std::vector<std::int32_t> ids;
};

// In fp64, one token after the other.
inline RouterResult route_reference(const std::vector<float>& logits, const RouterCase& c) {
  RouterResult result;
  for (std::int64_t t = 0; t < c.tokens; ++t) {
    const std::vector<double> row(logits.begin() + t * c.num_experts,
                                  logits.begin() + (t + 1) * c.num_experts);
    std::vector<double> probs;
    for (double logit : row) probs.push_back(std::exp(logit));
    const double sum = std::accumulate(probs.begin(), probs.end(), 0.0);
    for (double& prob : probs) prob /= sum;
    std::vector<std::int32_t> order(row.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
      return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)];
    });
    order.resize(static_cast<std::size_t>(c.top_k));
    double top_sum = 0;
    for (std::int32_t e : order) top_sum += probs[static_cast<std::size_t>(e)];
    for (std::int32_t e : order) {
      result.weights.push_back(probs[static_cast<std::size_t>(e)] / top_sum);
    }
    result.probs.insert(result.probs.end(), probs.begin(), probs.end());
    result.ids.insert(result.ids.end(), order.begin(), order.end());
  }
  return result;
}

// Every fourth logit is one of a few values, so that there are ties.
inline std::vector<float> router_logits(const RouterCase& c) {
  auto logits = random_values<float>(c.tokens * c.num_experts, 1, /*range=*/4);
  for (std::size_t i = 0; i < logits.size(); i += 4) logits[i] = std::round(logits[i]);
  return logits;
}

}  // namespace moebench::kernels
