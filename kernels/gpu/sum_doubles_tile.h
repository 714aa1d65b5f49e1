#pragma once

#include "kernels/gpu/block_fold.h"

namespace moebench::kernels {

// The second stage of a sum: one block adds what the blocks of the first have left.
struct SumDoublesTile {
  static constexpr int kThreads = 1024;
  static constexpr int kPhases = 3;
  struct Shared {
    BlockFold<double, kThreads> sum;
  };
  struct Local {};
  const double* values;
  std::int64_t count;
  double* sum;

  std::int64_t num_blocks() const { return 1; }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    if constexpr (phase == 0) {
      double part = 0;
      for (std::int64_t i = place.thread; i < count; i += kThreads) part += values[i];
      shared.sum.of_thread[place.thread] = part;
    } else if constexpr (phase == 1) {
      shared.sum.fold(place.thread);
    } else if (place.thread == 0) {
      *sum = shared.sum.total();
    }
  }
};

}  // namespace moebench::kernels
