#pragma once

#include "harness/base/bfloat16.h"
#include "kernels/gpu/vec.h"

namespace moebench::kernels {

template <typename T, int width>
struct SumPartsTile : OnePhaseTile {
  const T* parts;
  std::int64_t stride, num_parts;
  T* out;
  std::int64_t count;
  bool accumulate;

  SumPartsTile(const T* parts_in, std::int64_t stride_in, std::int64_t num_parts_in, T* out_in)
      : parts(parts_in), stride(stride_in), num_parts(num_parts_in), out(out_in) {}
  std::int64_t num_blocks() const { return divide_up(count, kThreads * width); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t i =
        (static_cast<std::int64_t>(place.block) * kThreads + place.thread) * width;
    if (i + width <= count) {
      sum_at<width>(i);
    } else {
      for (std::int64_t k = i; k < count; ++k) sum_at<1>(k);
    }
  }

 private:
  template <int n>
  MOEBENCH_HD void sum_at(std::int64_t i) const {
    float sum[n] = {};
    if (accumulate) add<n>(out + i, sum);
    for (std::int64_t p = 0; p < num_parts; ++p) add<n>(parts + p * stride + i, sum);
    Vec<T, n> result;
    for (int k = 0; k < n; ++k) result.at[k] = from_float<T>(sum[k]);
    store(out + i, result);
  }
  template <int n>
  MOEBENCH_HD void add(const T* from, float* sum) const {
    const auto vec = load<n>(from);
    for (int k = 0; k < n; ++k) sum[k] += to_float(vec.at[k]);
  }
};

}  // namespace moebench::kernels
