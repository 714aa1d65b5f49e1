#include "kernels/rms_norm/rms_norm.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = kRows * kHidden;
constexpr float kEps = 1e-5f;

template <typename T>
void rms_norm_forward(benchmark::State& state) {
  const auto x = random_values<T>(kCount), w = random_values<T>(kHidden);
  std::vector<T> y(kCount);
  std::vector<float> rstd(kRows);
  for (auto _ : state) {
    kernels::rms_norm_forward(x.data(), w.data(), kRows, kHidden, kEps, y.data(), rstd.data());
  }
  set_elements_processed<T>(state, 2 * kCount);
}
MOEBENCH_BENCHMARK(rms_norm_forward);

template <typename T>
void rms_norm_backward(benchmark::State& state) {
  const auto dy = random_values<T>(kCount), x = random_values<T>(kCount);
  const auto w = random_values<T>(kHidden);
  const std::vector<float> rstd(kRows, 1.0f);
  std::vector<T> dx(kCount), dw(kHidden);
  for (auto _ : state) {
    kernels::rms_norm_backward(dy.data(), x.data(), w.data(), rstd.data(), kRows, kHidden,
                               dx.data(), dw.data(), /*accumulate=*/false);
  }
  set_elements_processed<T>(state, 3 * kCount);
}
MOEBENCH_BENCHMARK(rms_norm_backward);

}  // namespace
}  // namespace moebench::kernels
