#include "harness/measure/gemm_rate.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "harness/measure/clock.h"

namespace moebench::measure {

double gemm_flops_per_second(c10::ScalarType dtype) {
  constexpr std::int64_t kSize = 2048;
  constexpr int kRepeats = 4;
  const auto options = at::TensorOptions().dtype(dtype);
  const at::Tensor a = at::rand({kSize, kSize}, options);
  const at::Tensor b = at::rand({kSize, kSize}, options);
  at::Tensor c = at::mm(a, b.t());
  std::int64_t best_ns = INT64_MAX;
  for (int i = 0; i < kRepeats; ++i) {
    const Stopwatch watch;
    at::mm_out(c, a, b.t());
    best_ns = std::min(best_ns, watch.elapsed_ns());
  }
  return 2.0 * kSize * kSize * kSize / (static_cast<double>(best_ns) * 1e-9);
}

}  // namespace moebench::measure
