#pragma once

#include "harness/base/bfloat16.h"
#include "kernels/gpu/vec.h"
#include "kernels/permute_rows/row_map_view.h"

namespace moebench::kernels {

// A block copies one piece of one pair's row.
template <typename T, int width>
struct PermuteTile : OnePhaseTile {
  const T* x;
  T* rows;
  RowMapView map;
  std::int64_t top_k;
  RowGrid<kThreads, width> grid;

  PermuteTile(const T* x_in, T* rows_in, const RowMapView& row_map, std::int64_t choices,
              std::int64_t hidden)
      : x(x_in), rows(rows_in), map(row_map), top_k(choices), grid(hidden) {}
  std::int64_t num_blocks() const { return grid.num_blocks(map.num_pairs); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t pair = grid.row(place), i = grid.column(place);
    if (i >= grid.extent) return;
    const auto vec = load<width>(x + pair / top_k * grid.extent + i);
    store(rows + map.position[pair] * grid.extent + i, vec);
  }
};

// Groups are filled from their start: a block clears the tail of one expert's, which is short.
template <typename T, int width>
struct ZeroUnusedRowsTile : OnePhaseTile {
  T* rows;
  RowMapView map;
  std::int64_t hidden;

  ZeroUnusedRowsTile(T* rows_in, const RowMapView& row_map, std::int64_t row_extent)
      : rows(rows_in), map(row_map), hidden(row_extent) {}
  std::int64_t num_blocks() const { return map.num_experts; }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t begin = (map.offsets[place.block] + map.counts[place.block]) * hidden;
    const std::int64_t end = map.offsets[place.block + 1] * hidden;
    for (std::int64_t i = begin + place.thread * width; i < end; i += kThreads * width) {
      store(rows + i, Vec<T, width>{});
    }
  }
};

// A block sums one piece of one token's row, in the order of its choices.
template <typename T, int width>
struct CombineTile : OnePhaseTile {
  const T* rows;
  const float* weights;  // or null for ones
  T* y;
  RowMapView map;
  std::int64_t top_k;
  RowGrid<kThreads, width> grid;

  CombineTile(const T* rows_in, const float* weights_in, T* y_in, const RowMapView& row_map,
              std::int64_t choices, std::int64_t hidden)
      : rows(rows_in), weights(weights_in), y(y_in), map(row_map), top_k(choices), grid(hidden) {}
  std::int64_t num_blocks() const { return grid.num_blocks(map.num_pairs / top_k); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t token = grid.row(place), i = grid.column(place);
    if (i >= grid.extent) return;
    float sum[width] = {};
    for (std::int64_t pair = token * top_k; pair < (token + 1) * top_k; ++pair) {
      const float weight = weights == nullptr ? 1.0f : weights[pair];
      const auto vec = load<width>(rows + map.position[pair] * grid.extent + i);
      for (int k = 0; k < width; ++k) sum[k] += weight * to_float(vec.at[k]);
    }
    Vec<T, width> result;
    for (int k = 0; k < width; ++k) result.at[k] = from_float<T>(sum[k]);
    store(y + token * grid.extent + i, result);
  }
};

// A block has one pair's row: its gradient, and the dot product that is its weight's.
template <typename T, int width>
struct CombineBackwardTile {
  static constexpr int kThreads = 128;
  static constexpr int kPhases = 3;
  static constexpr int kPartials = 16;
  struct Shared {
    float dot[kThreads];
    float partial[kPartials];
  };
  struct Local {};
  const T* dy;
  const T* rows;
  const float* weights;
  T* drows;
  float* dweights;
  RowMapView map;
  std::int64_t top_k, hidden;

  std::int64_t num_blocks() const { return map.num_pairs; }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    if constexpr (phase == 0) {
      shared.dot[place.thread] = scale_and_dot(place);
    } else if constexpr (phase == 1) {
      if (place.thread >= kPartials) return;
      float sum = 0;
      for (int k = place.thread; k < kThreads; k += kPartials) sum += shared.dot[k];
      shared.partial[place.thread] = sum;
    } else {
      if (place.thread != 0) return;
      float sum = 0;
      for (int k = 0; k < kPartials; ++k) sum += shared.partial[k];
      dweights[place.block] = sum;
    }
  }

 private:
  MOEBENCH_HD float scale_and_dot(ThreadPlace place) const {
    const T* dy_H = dy + place.block / top_k * hidden;
    const std::int64_t row = map.position[place.block] * hidden;
    const float weight = weights[place.block];
    float dot = 0;
    for (std::int64_t i = place.thread * width; i < hidden; i += kThreads * width) {
      const auto gradient = load<width>(dy_H + i), in = load<width>(rows + row + i);
      Vec<T, width> out;
      for (int k = 0; k < width; ++k) {
        const float d = to_float(gradient.at[k]);
        dot += d * to_float(in.at[k]);
        out.at[k] = from_float<T>(weight * d);
      }
      store(drows + row + i, out);
    }
    return dot;
  }
};

}  // namespace moebench::kernels
