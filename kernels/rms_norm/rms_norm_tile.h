#pragma once

#include <cmath>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/block_fold.h"
#include "kernels/gpu/vec.h"

namespace moebench::kernels {

// A block has one row, which it reads twice: the second time from a cache.
template <typename T, int width>
struct RmsNormForwardTile {
  static constexpr int kThreads = 128;
  static constexpr int kPhases = 3;
  struct Shared {
    BlockFold<float, kThreads> squares;
  };
  struct Local {};
  const T* x;
  const T* w;
  T* y;
  float* rstd;
  std::int64_t rows, hidden;
  float eps;

  std::int64_t num_blocks() const { return rows; }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    if constexpr (phase == 0) {
      shared.squares.of_thread[place.thread] = sum_of_squares(place);
    } else if constexpr (phase == 1) {
      shared.squares.fold(place.thread);
    } else {
      const float mean = shared.squares.total() / static_cast<float>(hidden);
      const float scale = 1.0f / std::sqrt(mean + eps);
      if (place.thread == 0) rstd[place.block] = scale;
      write(place, scale);
    }
  }

 private:
  MOEBENCH_HD float sum_of_squares(ThreadPlace place) const {
    const T* x_H = x + place.block * hidden;
    float sum = 0;
    for (std::int64_t i = place.thread * width; i < hidden; i += kThreads * width) {
      const auto in = load<width>(x_H + i);
      for (int k = 0; k < width; ++k) sum += to_float(in.at[k]) * to_float(in.at[k]);
    }
    return sum;
  }
  MOEBENCH_HD void write(ThreadPlace place, float scale) const {
    const std::int64_t row = place.block * hidden;
    for (std::int64_t i = place.thread * width; i < hidden; i += kThreads * width) {
      const auto in = load<width>(x + row + i), weight = load<width>(w + i);
      Vec<T, width> out;
      for (int k = 0; k < width; ++k) {
        const float x_hat = to_float(from_float<T>(to_float(in.at[k]) * scale));
        out.at[k] = from_float<T>(x_hat * to_float(weight.at[k]));
      }
      store(y + row + i, out);
    }
  }
};

// A block of the backward pass has this many neighbouring rows and leaves one row of the weight's
// gradient in the workspace. More rows would leave less of that, but would have left the caches
// when the block reads them again.
constexpr std::int64_t kRmsNormBlockRows = 8;

template <typename T, int width>
struct RmsNormBackwardTile {
  static constexpr int kThreads = 512;
  static constexpr int kPhases = 4;
  static constexpr int kRows = static_cast<int>(kRmsNormBlockRows);
  using Fold = BlockFold<float, kThreads>;
  struct Shared {
    Fold dot[kRows];
    float correction[kRows];
  };
  struct Local {};
  const T* dy;
  const T* x;
  const T* w;
  const float* rstd;
  T* dx;
  float* block_dw;  // [blocks, hidden]
  std::int64_t rows, hidden;

  std::int64_t num_blocks() const { return divide_up(rows, kRows); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    const std::int64_t first = place.block * kRmsNormBlockRows;
    const int count = static_cast<int>(rows - first < kRows ? rows - first : kRows);
    if constexpr (phase == 0) {
      for (int r = 0; r < kRows; ++r) {
        shared.dot[r].of_thread[place.thread] = r < count ? dot(first + r, place.thread) : 0.0f;
      }
    } else if constexpr (phase == 1) {
      const int r = place.thread / Fold::kPartials;
      if (r < kRows) shared.dot[r].fold(place.thread % Fold::kPartials);
    } else if constexpr (phase == 2) {
      if (place.thread >= count) return;
      const float scale = rstd[first + place.thread];
      shared.correction[place.thread] =
          shared.dot[place.thread].total() * scale * scale / static_cast<float>(hidden);
    } else {
      for (std::int64_t i = place.thread * width; i < hidden; i += kThreads * width) {
        write(place, shared, count, i);
      }
    }
  }

 private:
  MOEBENCH_HD float dot(std::int64_t row, std::int32_t thread) const {
    float sum = 0;
    for (std::int64_t i = thread * width; i < hidden; i += kThreads * width) {
      const auto gradient = load<width>(dy + row * hidden + i),
                 in = load<width>(x + row * hidden + i), weight = load<width>(w + i);
      for (int k = 0; k < width; ++k) {
        sum += to_float(gradient.at[k]) * to_float(weight.at[k]) * to_float(in.at[k]);
      }
    }
    return sum;
  }
  // Columns from i on of the block's rows.
  MOEBENCH_HD void write(ThreadPlace place, const Shared& shared, int count, std::int64_t i) const {
    const std::int64_t first = place.block * kRmsNormBlockRows;
    const auto weight = load<width>(w + i);
    float dw[width] = {};
    for (int r = 0; r < count; ++r) {
      const std::int64_t at = (first + r) * hidden + i;
      const float scale = rstd[first + r];
      const auto gradient = load<width>(dy + at), in = load<width>(x + at);
      Vec<T, width> out;
      for (int k = 0; k < width; ++k) {
        const float d = to_float(gradient.at[k]), x_k = to_float(in.at[k]);
        out.at[k] =
            from_float<T>(scale * (d * to_float(weight.at[k]) - x_k * shared.correction[r]));
        dw[k] += d * x_k * scale;
      }
      store(dx + at, out);
    }
    store_floats<width>(block_dw + place.block * hidden + i, dw);
  }
};

// Adds what the blocks have left: a block has some columns, and its threads take turns at the rows.
template <typename T>
struct RmsNormWeightGradientTile {
  static constexpr int kColumns = 32, kGroups = 32;
  static constexpr int kThreads = kColumns * kGroups;
  static constexpr int kPhases = 2;
  struct Shared {
    float sum[kGroups][kColumns];
  };
  struct Local {};
  const float* block_dw;
  std::int64_t blocks, hidden;
  T* dw;
  bool accumulate;

  std::int64_t num_blocks() const { return divide_up(hidden, kColumns); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    const int column = place.thread % kColumns, group = place.thread / kColumns;
    const std::int64_t i = static_cast<std::int64_t>(place.block) * kColumns + column;
    if (i >= hidden) return;
    if constexpr (phase == 0) {
      float sum = 0;
      for (std::int64_t b = group; b < blocks; b += kGroups) sum += block_dw[b * hidden + i];
      shared.sum[group][column] = sum;
    } else if (group == 0) {
      float sum = 0;
      for (int g = 0; g < kGroups; ++g) sum += shared.sum[g][column];
      dw[i] = from_float<T>((accumulate ? to_float(dw[i]) : 0.0f) + sum);
    }
  }
};

}  // namespace moebench::kernels
