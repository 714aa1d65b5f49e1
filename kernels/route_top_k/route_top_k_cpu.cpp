#include "kernels/route_top_k/route_top_k.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "harness/base/bfloat16.h"
#include "harness/base/check.h"
#include "kernels/route_top_k/chosen_before.h"
#include "kernels/vector_math.h"

namespace moebench::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Writes the softmax of `row`.
void softmax(const float* row, std::int64_t num_experts, float largest, float* scores) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t e = 0; e < num_experts; ++e) {
    scores[e] = fast_exp(row[e] - largest);
    sum += scores[e];
  }
  const float share = 1 / sum;
#pragma omp simd
  for (std::int64_t e = 0; e < num_experts; ++e) scores[e] *= share;
}

// Takes the largest again and again, out of a row that it spoils: fast where few of many are
// chosen. All values are finite.
void choose_finite(float* row, std::int64_t num_experts, std::int64_t top_k, std::int32_t* ids) {
  for (std::int64_t j = 0; j < top_k; ++j) {
    float largest = -kInfinity;
#pragma omp simd reduction(max : largest)
    for (std::int64_t e = 0; e < num_experts; ++e) largest = row[e] > largest ? row[e] : largest;
    std::int32_t id = 0;
    while (row[id] != largest) ++id;
    row[id] = -kInfinity;
    ids[j] = id;
  }
}

void choose_any(const float* row, std::vector<std::int32_t>& order, std::int64_t top_k,
                std::int32_t* ids) {
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + top_k, order.end(),
                    [&](auto a, auto b) { return chosen_before(row[a], a, row[b], b); });
  std::copy_n(order.begin(), top_k, ids);
}

// What a thread needs beside its rows.
struct Scratch {
  std::vector<float> row;
  std::vector<std::int32_t> order;

  explicit Scratch(std::int64_t num_experts)
      : row(static_cast<std::size_t>(num_experts)), order(row.size()) {}
};

template <typename T>
void route_row(const T* logits, std::int64_t num_experts, std::int64_t top_k, Scratch& scratch,
               float* scores, std::int32_t* ids) {
  float* row = scratch.row.data();
  float largest = -kInfinity, smallest = kInfinity, sum = 0;
#pragma omp simd reduction(max : largest) reduction(min : smallest) reduction(+ : sum)
  for (std::int64_t e = 0; e < num_experts; ++e) {
    row[e] = to_float(logits[e]);
    largest = row[e] > largest ? row[e] : largest;
    smallest = row[e] < smallest ? row[e] : smallest;
    sum += row[e];
  }
  // A NaN shows in the sum alone, since it is neither larger nor smaller.
  if (sum == sum && smallest > -kInfinity && largest < kInfinity) {
    softmax(row, num_experts, largest, scores);
    choose_finite(row, num_experts, top_k, ids);
    return;
  }
  choose_any(row, scratch.order, top_k, ids);
  if (sum == sum && largest < kInfinity && largest > -kInfinity) {
    softmax(row, num_experts, largest, scores);
  } else {
    std::fill_n(scores, num_experts, std::numeric_limits<float>::quiet_NaN());
  }
}

}  // namespace

template <typename T>
void route_top_k(const T* logits, const RouteShape& shape, const std::int32_t* forced,
                 float* scores, std::int32_t* ids, float* weights) {
  MOEBENCH_CHECK(shape.top_k >= 1 && shape.top_k <= shape.num_experts);
#pragma omp parallel
  {
    Scratch scratch(shape.num_experts);
#pragma omp for
    for (std::int64_t t = 0; t < shape.tokens; ++t) {
      const std::int64_t k = shape.top_k, first = t * k;
      float* scores_E = scores + t * shape.num_experts;
      route_row(logits + t * shape.num_experts, shape.num_experts, k, scratch, scores_E,
                ids + first);
      if (forced != nullptr) std::copy_n(forced + first, k, ids + first);
      float sum = 0;
      for (std::int64_t j = first; j < first + k; ++j) sum += scores_E[ids[j]];
      const float factor = shape.normalise ? shape.scale / sum : shape.scale;
      for (std::int64_t j = first; j < first + k; ++j) weights[j] = scores_E[ids[j]] * factor;
    }
  }
}

template <typename T>
void route_top_k_backward(const float* dweights, const float* dscores, const float* scores,
                          const std::int32_t* ids, const float* weights, const RouteShape& shape,
                          T* dlogits) {
  const std::int64_t num_experts = shape.num_experts, k = shape.top_k;
#pragma omp parallel
  {
    std::vector<float> dp(static_cast<std::size_t>(num_experts));
#pragma omp for
    for (std::int64_t t = 0; t < shape.tokens; ++t) {
      const float* p = scores + t * num_experts;
      if (dscores == nullptr) {
        std::fill(dp.begin(), dp.end(), 0.0f);
      } else {
        std::copy_n(dscores + t * num_experts, num_experts, dp.begin());
      }
      float chosen = 0, weighted = 0;
      for (std::int64_t j = t * k; j < (t + 1) * k; ++j) {
        chosen += p[ids[j]];
        weighted += dweights[j] * weights[j];
      }
      for (std::int64_t j = t * k; j < (t + 1) * k; ++j) {
        const float d = shape.scale * dweights[j];
        dp[static_cast<std::size_t>(ids[j])] += shape.normalise ? (d - weighted) / chosen : d;
      }
      const float* d = dp.data();
      float mean = 0;
#pragma omp simd reduction(+ : mean)
      for (std::int64_t e = 0; e < num_experts; ++e) mean += p[e] * d[e];
      T* out = dlogits + t * num_experts;
#pragma omp simd
      for (std::int64_t e = 0; e < num_experts; ++e) out[e] = from_float<T>(p[e] * (d[e] - mean));
    }
  }
}

template void route_top_k(const float*, const RouteShape&, const std::int32_t*, float*,
                          std::int32_t*, float*);
template void route_top_k(const Bfloat16*, const RouteShape&, const std::int32_t*, float*,
                          std::int32_t*, float*);
template void route_top_k_backward(const float*, const float*, const float*, const std::int32_t*,
                                   const float*, const RouteShape&, float*);
template void route_top_k_backward(const float*, const float*, const float*, const std::int32_t*,
                                   const float*, const RouteShape&, Bfloat16*);

}  // namespace moebench::kernels
