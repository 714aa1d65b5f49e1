#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <ostream>
#include <vector>

#include "kernels/kernels_testing.h"
#include "kernels/route_top_k/route_top_k.h"

namespace moebench::kernels {

// No tokens; one expert; one token; all experts chosen; more experts, and choices, than a warp has
// lanes; ragged last blocks; and each of weights that are not normalised and scaled.
constexpr RouteShape kRouteShapes[] = {{0, 8, 2},
                                       {1, 1, 1},
                                       {5, 1, 1},
                                       {1, 8, 2},
                                       {33, 8, 2},
                                       {7, 4, 4},
                                       {65, 3, 2},
                                       {130, 40, 8},
                                       {3, 128, 8},
                                       {257, 2, 1},
                                       {9, 33, 33},
                                       {2, 70, 40},
                                       {9, 8, 2, true, 2.5F},
                                       {9, 8, 3, false},
                                       {9, 40, 8, false, 0.5F}};

inline void PrintTo(const RouteShape& shape, std::ostream* out) {
  *out << shape.tokens << " tokens, " << shape.top_k << " of " << shape.num_experts
       << (shape.normalise ? "" : ", not normalised") << ", scale " << shape.scale;
}

struct Routed {
  std::vector<double> scores, weights;
  std::vector<std::int32_t> ids;
};

// In fp64, one token after the other. `forced`: empty for none.
inline Routed route_by_definition(const std::vector<double>& logits, const RouteShape& shape,
                                  const std::vector<std::int32_t>& forced = {}) {
  Routed routed;
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    const std::vector<double> row(logits.begin() + t * shape.num_experts,
                                  logits.begin() + (t + 1) * shape.num_experts);
    std::vector<double> scores;
    for (const double logit : row) scores.push_back(std::exp(logit));
    const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
    for (double& score : scores) score /= sum;
    std::vector<std::int32_t> ids(row.size());
    std::iota(ids.begin(), ids.end(), 0);
    std::ranges::stable_sort(ids, [&](auto a, auto b) {
      return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)];
    });
    ids.resize(static_cast<std::size_t>(shape.top_k));
    if (!forced.empty())
      ids.assign(forced.begin() + t * shape.top_k, forced.begin() + (t + 1) * shape.top_k);
    double chosen = 0;
    for (const std::int32_t e : ids) chosen += scores[static_cast<std::size_t>(e)];
    for (const std::int32_t e : ids) {
      routed.weights.push_back(scores[static_cast<std::size_t>(e)] * double{shape.scale} /
                               (shape.normalise ? chosen : 1));
    }
    routed.scores.insert(routed.scores.end(), scores.begin(), scores.end());
    routed.ids.insert(routed.ids.end(), ids.begin(), ids.end());
  }
  return routed;
}

// Every fourth logit is one of a few values, so that there are ties.
template <typename T>
std::vector<T> router_logits(const RouteShape& shape) {
  auto logits = random_values<T>(shape.tokens * shape.num_experts, 1, /*range=*/4);
  for (std::size_t i = 0; i < logits.size(); i += 4) {
    logits[i] = from_float<T>(std::round(to_float(logits[i])));
  }
  return logits;
}

// Experts from the last one down, another first one for each token: no choice of the router's.
inline std::vector<std::int32_t> forced_experts(const RouteShape& shape) {
  std::vector<std::int32_t> ids;
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    for (std::int64_t j = 0; j < shape.top_k; ++j) {
      ids.push_back(
          static_cast<std::int32_t>((2 * shape.num_experts - 1 - j + t) % shape.num_experts));
    }
  }
  return ids;
}

// Gradients that a backward pass brings to weights and scores.
struct RouteGradients {
  std::vector<float> weights, scores;

  explicit RouteGradients(const RouteShape& shape)
      : weights(random_values<float>(shape.tokens * shape.top_k, 2)),
        scores(random_values<float>(shape.tokens * shape.num_experts, 3)) {}
};

}  // namespace moebench::kernels
