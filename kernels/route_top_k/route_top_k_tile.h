#pragma once

#include <cmath>
#include <limits>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"
#include "kernels/route_top_k/chosen_before.h"
#include "kernels/route_top_k/route_top_k.h"

namespace moebench::kernels {

// A group of `lanes` threads has a token, each of them every `lanes`-th expert.
struct RouteGrid {
  static constexpr int kThreads = 128;
  RouteShape shape;
  std::int32_t lanes;  // a divisor of kThreads

  // As many lanes as there are experts, in a power of two, up to a warp.
  explicit RouteGrid(const RouteShape& routed) : shape(routed), lanes(1) {
    while (lanes < shape.num_experts && lanes < 32) lanes *= 2;
  }
  std::int64_t num_blocks() const { return divide_up(shape.tokens, kThreads / lanes); }
  MOEBENCH_HD std::int64_t token(ThreadPlace place) const {
    return static_cast<std::int64_t>(place.block) * (kThreads / lanes) + place.thread / lanes;
  }
  MOEBENCH_HD std::int32_t lane(ThreadPlace place) const { return place.thread % lanes; }
  // The sum of what the lanes of a token left in `parts`, in the same order for each.
  MOEBENCH_HD float sum(const float* parts, ThreadPlace place) const {
    float total = 0;
    for (int k = 0; k < lanes; ++k) total += parts[place.thread - lane(place) + k];
    return total;
  }
};

// An expert's place among the chosen is the number of experts before it: no lane waits for
// another's choice.
template <typename T>
struct RouteTile {
  static constexpr int kThreads = RouteGrid::kThreads;
  static constexpr int kPhases = 4;
  struct Shared {
    float largest[kThreads];
    float sum[kThreads];
  };
  struct Local {
    float largest;
  };
  const T* logits;
  const std::int32_t* forced;  // or null
  float* scores;
  std::int32_t* ids;
  float* weights;
  RouteGrid grid;

  std::int64_t num_blocks() const { return grid.num_blocks(); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local& local) const {
    const std::int64_t token = grid.token(place);
    if (token >= grid.shape.tokens) return;
    const std::int32_t lane = grid.lane(place), first = place.thread - lane;
    const T* row = logits + token * grid.shape.num_experts;
    if constexpr (phase == 0) {
      shared.largest[place.thread] = largest(row, lane);
    } else if constexpr (phase == 1) {
      local.largest = shared.largest[first];
      for (int k = 1; k < grid.lanes; ++k) {
        local.largest = fmaxf(local.largest, shared.largest[first + k]);
      }
      shared.sum[place.thread] = sum_of_exp(row, lane, local.largest);
    } else if constexpr (phase == 2) {
      choose(token, lane, local.largest, grid.sum(shared.sum, place));
    } else {
      write_weights(token, lane);
    }
  }

 private:
  MOEBENCH_HD float largest(const T* row, std::int32_t lane) const {
    float value = -std::numeric_limits<float>::infinity();
    for (std::int64_t e = lane; e < grid.shape.num_experts; e += grid.lanes) {
      value = fmaxf(value, to_float(row[e]));
    }
    return value;
  }
  MOEBENCH_HD float sum_of_exp(const T* row, std::int32_t lane, float largest) const {
    float sum = 0;
    for (std::int64_t e = lane; e < grid.shape.num_experts; e += grid.lanes) {
      sum += std::exp(to_float(row[e]) - largest);
    }
    return sum;
  }
  MOEBENCH_HD void choose(std::int64_t token, std::int32_t lane, float largest, float sum) const {
    const std::int64_t num_experts = grid.shape.num_experts, top_k = grid.shape.top_k;
    const T* row = logits + token * num_experts;
    for (std::int64_t e = lane; e < num_experts; e += grid.lanes) {
      const float logit = to_float(row[e]);
      scores[token * num_experts + e] = std::exp(logit - largest) / sum;
      std::int64_t rank = 0;
      for (std::int64_t other = 0; other < num_experts; ++other) {
        rank += chosen_before(to_float(row[other]), other, logit, e) ? 1 : 0;
      }
      if (rank < top_k) ids[token * top_k + rank] = static_cast<std::int32_t>(e);
    }
  }
  MOEBENCH_HD void write_weights(std::int64_t token, std::int32_t lane) const {
    const std::int64_t top_k = grid.shape.top_k;
    const std::int32_t* taken = (forced != nullptr ? forced : ids) + token * top_k;
    const float* row = scores + token * grid.shape.num_experts;
    float sum = 0;
    for (std::int64_t j = 0; j < top_k; ++j) sum += row[taken[j]];
    const float factor = grid.shape.normalise ? grid.shape.scale / sum : grid.shape.scale;
    for (std::int64_t j = lane; j < top_k; j += grid.lanes) {
      weights[token * top_k + j] = row[taken[j]] * factor;
      if (forced != nullptr) ids[token * top_k + j] = taken[j];
    }
  }
};

template <typename T>
struct RouteBackwardTile {
  static constexpr int kThreads = RouteGrid::kThreads;
  static constexpr int kPhases = 2;
  struct Shared {
    float sum[kThreads];
  };
  struct Local {
    float chosen, weighted;
  };
  const float* dweights;
  const float* dscores;  // or null
  const float* scores;
  const std::int32_t* ids;
  const float* weights;
  T* dlogits;
  RouteGrid grid;

  std::int64_t num_blocks() const { return grid.num_blocks(); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local& local) const {
    const std::int64_t token = grid.token(place), num_experts = grid.shape.num_experts;
    if (token >= grid.shape.tokens) return;
    const std::int32_t lane = grid.lane(place);
    const float* p = scores + token * num_experts;
    if constexpr (phase == 0) {
      for (std::int64_t j = token * grid.shape.top_k; j < (token + 1) * grid.shape.top_k; ++j) {
        local.chosen += p[ids[j]];
        local.weighted += dweights[j] * weights[j];
      }
      float sum = 0;
      for (std::int64_t e = lane; e < num_experts; e += grid.lanes) {
        sum += p[e] * gradient(token, e, local);
      }
      shared.sum[place.thread] = sum;
    } else {
      const float mean = grid.sum(shared.sum, place);
      for (std::int64_t e = lane; e < num_experts; e += grid.lanes) {
        dlogits[token * num_experts + e] = from_float<T>(p[e] * (gradient(token, e, local) - mean));
      }
    }
  }

 private:
  // Of the score of expert e.
  MOEBENCH_HD float gradient(std::int64_t token, std::int64_t e, const Local& local) const {
    float dp = dscores == nullptr ? 0 : dscores[token * grid.shape.num_experts + e];
    for (std::int64_t j = token * grid.shape.top_k; j < (token + 1) * grid.shape.top_k; ++j) {
      if (ids[j] != e) continue;
      const float d = grid.shape.scale * dweights[j];
      dp += grid.shape.normalise ? (d - local.weighted) / local.chosen : d;
    }
    return dp;
  }
};

}  // namespace moebench::kernels
