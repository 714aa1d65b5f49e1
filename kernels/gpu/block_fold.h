#pragma once

#include "kernels/gpu/tile.h"

namespace moebench::kernels {

struct Add {
  template <typename Value>
  MOEBENCH_HD Value operator()(Value a, Value b) const {
    return a + b;
  }
};

// NaNs do not count.
struct Larger {
  MOEBENCH_HD float operator()(float a, float b) const { return a > b || b != b ? a : b; }
};

// Folds one value of each thread of a block, in an order that depends on nothing; a member of a
// tile's Shared. Takes three phases: each thread sets of_thread[thread], then calls
// fold(thread), then any of them calls total().
template <typename Value, int threads, typename Operation = Add>
struct BlockFold {
  static constexpr int kPartials = 16;
  static_assert(threads >= kPartials);
  Value of_thread[threads];
  Value partial[kPartials];

  MOEBENCH_HD void fold(std::int32_t thread) {
    if (thread >= kPartials) return;
    Value value = of_thread[thread];
    for (int k = thread + kPartials; k < threads; k += kPartials) {
      value = Operation()(value, of_thread[k]);
    }
    partial[thread] = value;
  }
  MOEBENCH_HD Value total() const {
    Value value = partial[0];
    for (int k = 1; k < kPartials; ++k) value = Operation()(value, partial[k]);
    return value;
  }
};

}  // namespace moebench::kernels
