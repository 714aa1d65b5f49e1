#pragma once

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"

namespace moebench::kernels {

// As many pointers as a launch passes by value.
constexpr std::int64_t kMaxLaunchedMatrices = 64;

// A block transposes a square of one matrix through shared memory, so that it reads along the rows
// of the source and writes along those of the destination.
template <typename T>
struct TransposeConcatTile {
  static constexpr int kThreads = 256;
  static constexpr int kPhases = 2;
  static constexpr int kSide = 64;
  static constexpr int kRowsAtOnce = kThreads / kSide;
  // One word more than a row needs: a column then lies in different banks.
  static constexpr int kStride = kSide + 4 / static_cast<int>(sizeof(T));
  struct Shared {
    T square[kSide * kStride];
  };
  struct Local {};
  const T* sources[kMaxLaunchedMatrices];
  T* destination;
  std::int64_t num_sources, rows, cols;

  MOEBENCH_HD std::uint32_t squares_down() const { return squares(rows); }
  MOEBENCH_HD std::uint32_t squares_across() const { return squares(cols); }
  std::int64_t num_blocks() const {
    return num_sources * squares_down() * static_cast<std::int64_t>(squares_across());
  }

  template <int phase>
  MOEBENCH_HD void run(Place place, Shared& shared, Local&) const {
    const std::uint32_t matrix = place.block / squares_across() / squares_down();
    const std::int64_t first_row = place.block / squares_across() % squares_down() * kSide;
    const std::int64_t first_col = place.block % squares_across() * kSide;
    const int along = place.thread % kSide;
    if constexpr (phase == 0) {
      const T* from = sources[matrix];
      if (first_col + along >= cols) return;
      for (int r = place.thread / kSide; r < kSide && first_row + r < rows; r += kRowsAtOnce) {
        shared.square[r * kStride + along] = from[(first_row + r) * cols + first_col + along];
      }
    } else {
      T* to = destination + matrix * rows * cols;
      if (first_row + along >= rows) return;
      for (int c = place.thread / kSide; c < kSide && first_col + c < cols; c += kRowsAtOnce) {
        to[(first_col + c) * rows + first_row + along] = shared.square[along * kStride + c];
      }
    }
  }

 private:
  MOEBENCH_HD static std::uint32_t squares(std::int64_t extent) {
    return static_cast<std::uint32_t>((extent + kSide - 1) / kSide);
  }
};

}  // namespace moebench::kernels
