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
  MOEBENCH_HD void run(Place place, Shared& shared, Local&) const {
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
  MOEBENCH_HD float sum_of_squares(Place place) const {
    const T* x_H = x + place.block * hidden;
    float sum = 0;
    for (std::int64_t i = place.thread * width; i < hidden; i += kThreads * width) {
      const auto in = load<width>(x_H + i);
      for (int k = 0; k < width; ++k) sum += to_float(in.at[k]) * to_float(in.at[k]);
    }
    return sum;
  }
  MOEBENCH_HD void write(Place place, float scale) const {
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

// A block has this many neighbouring rows and leaves one row of the weight's gradient in the
// workspace. More rows would mean less of that, but a second reading of dy and x that misses the
// caches.
constexpr std::int64_t kRmsNormBlockRows = 8;

template <typename T, int width>
struct RmsNormBackwardTile {
  static constexpr int kThreads = 512;
  static constexpr int kPhases = 4;
  static constexpr int kRows = static_cast<int>(kRmsNormBlockRows);
  struct Shared {
    BlockFold<float, kThreads / kRows> dot[kRows];
    float part[kRows][kThreads];
    float correction[kRows];
  };
  struct Local {};
};

}  // namespace moebench::kernels
