#include "kernels/adamw/adamw.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = 16 << 20;

template <typename T>
void adamw_update(benchmark::State& state) {
  auto param = random_values<T>(kCount);
  const auto grad = random_values<T>(kCount);
  std::vector<T> exp_avg(param.size()), exp_avg_sq(param.size());
  AdamWOptions options{.learning_rate = 1e-4, .weight_decay = 0.1};
  for (auto _ : state) {
    adamw(param.data(), grad.data(), exp_avg.data(), exp_avg_sq.data(), kCount, options);
    ++options.step;
  }
  set_elements_processed<T>(state, 7 * kCount);
}
MOEBENCH_BENCHMARK(adamw_update);

template <typename T>
void sum_of_squares(benchmark::State& state) {
  const auto values = random_values<T>(kCount);
  for (auto _ : state) benchmark::DoNotOptimize(kernels::sum_of_squares(values.data(), kCount));
  set_elements_processed<T>(state, kCount);
}
MOEBENCH_BENCHMARK(sum_of_squares);

}  // namespace
}  // namespace moebench::kernels
