#pragma once

#include <algorithm>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/block_fold.h"
#include "kernels/gpu/vec.h"

namespace moebench::kernels {

// Says how the blocks of the first stage share the elements: the same way for every type and width,
// so that the workspace's size is the same, too.
struct SumOfSquaresPlan {
  static constexpr std::int64_t kPiece = 8192;  // elements that a block has at a time
  static constexpr std::int64_t kMostBlocks = 1024;
  static std::int64_t blocks(std::int64_t count) {
    return std::min(divide_up(count, kPiece), kMostBlocks);
  }
};

// fp32 inside a thread's share of a piece, 32 elements; fp64 over threads, pieces and blocks.
template <typename T, int width>
struct SumOfSquaresTile {
  static constexpr int kThreads = 256;
  static constexpr int kPhases = 3;
  struct Shared {
    BlockFold<double, kThreads> sum;
  };
  struct Local {};
  const T* values;
  std::int64_t count;
  double* block_sums;
  std::int64_t blocks;

  std::int64_t num_blocks() const { return blocks; }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    if constexpr (phase == 0) {
      double sum = 0;
      for (std::int64_t first = place.block * SumOfSquaresPlan::kPiece; first < count;
           first += blocks * SumOfSquaresPlan::kPiece) {
        sum += static_cast<double>(of_piece(first + place.thread * width));
      }
      shared.sum.of_thread[place.thread] = sum;
    } else if constexpr (phase == 1) {
      shared.sum.fold(place.thread);
    } else if (place.thread == 0) {
      block_sums[place.block] = shared.sum.total();
    }
  }

 private:
  static constexpr std::int64_t kStride = kThreads * width;

  MOEBENCH_HD float of_piece(std::int64_t first) const {
    float sum = 0;
    for (int v = 0; v < SumOfSquaresPlan::kPiece / kStride; ++v) {
      const std::int64_t i = first + v * kStride;
      if (i + width <= count) {
        const auto vec = load<width>(values + i);
        for (int k = 0; k < width; ++k) sum += to_float(vec.at[k]) * to_float(vec.at[k]);
      } else {
        for (std::int64_t k = i; k < count; ++k) sum += to_float(values[k]) * to_float(values[k]);
      }
    }
    return sum;
  }
};

}  // namespace moebench::kernels
