#include "harness/measure/gemm_rate.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "harness/measure/clock.h"

namespace moebench::measure {

double gemm_flops_per_second(c10::ScalarType dtype, std::int64_t n) {
  constexpr int kRepeats = 4;
  const auto options = at::TensorOptions().dtype(dtype);
  const at::Tensor a = at::rand({n, n}, options);
  const at::Tensor b = at::rand({n, n}, options);
  at::Tensor c = at::mm(a, b.t());
  std::int64_t best_ns = INT64_MAX;
  for (int i = 0; i < kRepeats; ++i) {
    const Stopwatch watch;
    at::mm_out(c, a, b.t());
    best_ns = std::min(best_ns, watch.elapsed_ns());
  }
  const auto size = static_cast<double>(n);
  return 2.0 * size * size * size / (static_cast<double>(best_ns) * 1e-9);
}

}  // namespace moebench::measure
