#include "harness/measure/torch/gemm_rate.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>

#include <algorithm>

#include "harness/measure/clock.h"

namespace moebench::measure {

namespace {

constexpr int kRepeats = 4;

// `products` of them at a time.
double best_rate(const at::TensorOptions& options, std::int64_t n, int products,
                 const std::function<void()>& synchronize) {
  const at::Tensor a = at::rand({n, n}, options);
  const at::Tensor b = at::rand({n, n}, options);
  at::Tensor c = at::mm(a, b.t());
  synchronize();
  std::int64_t best_ns = INT64_MAX;
  for (int i = 0; i < kRepeats; ++i) {
    const Stopwatch watch;
    for (int product = 0; product < products; ++product) at::mm_out(c, a, b.t());
    synchronize();
    best_ns = std::min(best_ns, watch.elapsed_ns());
  }
  const auto size = static_cast<double>(n);
  return 2.0 * size * size * size * products / (static_cast<double>(best_ns) * 1e-9);
}

}  // namespace

double gemm_flops_per_second(c10::ScalarType dtype, std::int64_t n) {
  return best_rate(at::TensorOptions().dtype(dtype), n, 1, [] {});
}

double gpu_gemm_flops_per_second(c10::ScalarType dtype, c10::Device device,
                                 const std::function<void()>& synchronize, std::int64_t n) {
  // One product takes a millisecond or two; several hide the time to launch them and to wait.
  return best_rate(at::TensorOptions().dtype(dtype).device(device), n, 10, synchronize);
}

}  // namespace moebench::measure
