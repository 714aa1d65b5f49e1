#include "harness/measure/torch/gemm_rate.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

#include "harness/base/units.h"
#include "harness/measure/clock.h"
#include "harness/stats/quantile.h"

namespace moebench::measure {

namespace {

// A moment in which something else takes the machine must not decide the figure: rounds until this
// many have been timed and this long has passed, never more than the most.
constexpr std::size_t kMinRounds = 5;
constexpr std::size_t kMaxRounds = 101;
constexpr std::int64_t kMinTotalNs = 500'000'000;

// Enough for libtorch to take the path of large products, and a thirtieth of one.
constexpr std::int64_t kPreparedRows = 64;

// `products` of them at a time.
double median_rate(const at::TensorOptions& options, std::int64_t n, int products,
                   const std::function<void()>& synchronize) {
  const at::Tensor a = at::rand({n, n}, options);
  const at::Tensor b = at::rand({n, n}, options);
  at::Tensor c = at::mm(a, b.t());
  synchronize();
  std::vector<double> rounds_ns;
  const Stopwatch total;
  while (rounds_ns.size() < kMinRounds ||
         (rounds_ns.size() < kMaxRounds && total.elapsed_ns() < kMinTotalNs)) {
    const Stopwatch watch;
    for (int product = 0; product < products; ++product) at::mm_out(c, a, b.t());
    synchronize();
    rounds_ns.push_back(static_cast<double>(watch.elapsed_ns()));
  }
  const auto size = static_cast<double>(n);
  const double round_s = stats::median(std::move(rounds_ns)).value() / kNsPerSecond;
  return 2.0 * size * size * size * products / round_s;
}

}  // namespace

double gemm_flops_per_second(c10::ScalarType dtype, std::int64_t n) {
  return median_rate(at::TensorOptions().dtype(dtype), n, 1, [] {});
}

// Everything a measurement does but the rounds, and of the first product a part.
void prepare_gemm(const at::TensorOptions& options, std::int64_t n) {
  const at::Tensor a = at::rand({n, n}, options);
  const at::Tensor b = at::rand({n, n}, options);
  at::Tensor c = at::zeros({n, n}, options);
  const std::int64_t rows = options.device().is_cpu() ? std::min(n, kPreparedRows) : n;
  at::Tensor part = c.narrow(0, 0, rows);
  at::mm_out(part, a.narrow(0, 0, rows), b.t());
}

double gpu_gemm_flops_per_second(c10::ScalarType dtype, c10::Device device,
                                 const std::function<void()>& synchronize, std::int64_t n) {
  // One product takes a millisecond or two; several hide the time to launch them and to wait.
  return median_rate(at::TensorOptions().dtype(dtype).device(device), n, 10, synchronize);
}

}  // namespace moebench::measure
