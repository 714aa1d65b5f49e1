#pragma once

#include <cmath>
#include <limits>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/block_fold.h"
#include "kernels/gpu/require.h"
#include "kernels/gpu/vec.h"

namespace moebench::kernels {

// A block has one row. A thread keeps the largest of the logits that it has seen and the sum of
// exponentials relative to it, so that one pass gives both and a second one writes.
template <typename T, int width>
struct CrossEntropyTile {
  static constexpr int kThreads = 512;
  static constexpr int kPhases = 5;
  struct Shared {
    BlockFold<float, kThreads, Larger> max;
    BlockFold<float, kThreads> sum;
  };
  struct Local {
    float max, sum, label_logit;
  };
  T* logits;
  const std::int64_t* labels;
  double* losses;
  std::int64_t rows, vocab;
  float scale;

  std::int64_t num_blocks() const { return rows; }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local& local) const {
    const std::int64_t label = labels[place.block];
    if (label < 0) {
      if constexpr (phase == 0) clear(place);
    } else if constexpr (phase == 0) {
      require(label < vocab);
      read(place, local);
      if (place.thread == 0) local.label_logit = to_float(logits[place.block * vocab + label]);
      shared.max.of_thread[place.thread] = local.max;
    } else if constexpr (phase == 1) {
      shared.max.fold(place.thread);
    } else if constexpr (phase == 2) {
      const float max = shared.max.total();
      shared.sum.of_thread[place.thread] = local.sum * std::exp(local.max - max);
      local.max = max;
    } else if constexpr (phase == 3) {
      shared.sum.fold(place.thread);
    } else {
      const float sum = shared.sum.total();
      if (place.thread == 0) losses[place.block] = loss(local, sum);
      write(place, label, local.max, sum);
    }
  }

 private:
  static constexpr std::int64_t kStride = kThreads * width;

  MOEBENCH_HD void clear(ThreadPlace place) const {
    T* row = logits + place.block * vocab;
    for (std::int64_t i = place.thread * width; i < vocab; i += kStride) {
      store(row + i, Vec<T, width>{});
    }
    if (place.thread == 0) losses[place.block] = 0;
  }
  MOEBENCH_HD void read(ThreadPlace place, Local& local) const {
    const T* row = logits + place.block * vocab;
    // It is not -infinity, which less itself would be a NaN.
    float max = std::numeric_limits<float>::lowest(), sum = 0;
    for (std::int64_t i = place.thread * width; i < vocab; i += kStride) {
      const auto vec = load<width>(row + i);
      float larger = max;
      for (int k = 0; k < width; ++k) larger = Larger()(larger, to_float(vec.at[k]));
      sum *= std::exp(max - larger);
      max = larger;
      for (int k = 0; k < width; ++k) sum += std::exp(to_float(vec.at[k]) - max);
    }
    local.max = max;
    local.sum = sum;
  }
  MOEBENCH_HD double loss(const Local& local, float sum) const {
    return static_cast<double>(local.max) + std::log(static_cast<double>(sum)) -
           static_cast<double>(local.label_logit);
  }
  MOEBENCH_HD void write(ThreadPlace place, std::int64_t label, float max, float sum) const {
    T* row = logits + place.block * vocab;
    const float factor = scale / sum;
    for (std::int64_t i = place.thread * width; i < vocab; i += kStride) {
      auto vec = load<width>(row + i);
      for (int k = 0; k < width; ++k) {
        const float gradient = std::exp(to_float(vec.at[k]) - max) * factor;
        vec.at[k] = from_float<T>(i + k == label ? gradient - scale : gradient);
      }
      store(row + i, vec);
    }
  }
};

}  // namespace moebench::kernels
