#include "kernels/adamw/adamw_cuda.h"
#include "kernels/gpu/gpu_bench_util.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = 64 << 20;

template <typename T>
void adamw_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  RandomArray<T> param(kCount), grad(kCount);
  DeviceArray<T> exp_avg{std::vector<T>(kCount)}, exp_avg_sq{std::vector<T>(kCount)};
  AdamWOptions options{.learning_rate = 1e-4, .weight_decay = 0.1};
  const auto bytes = 7 * kCount * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::adamw<T>(param.data(), grad.data(), exp_avg.data(), exp_avg_sq.data(), kCount, options,
                   stream);
    ++options.step;
  });
}
MOEBENCH_GPU_BENCHMARK(adamw_gpu);

template <typename T>
void sum_of_squares_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  RandomArray<T> values(kCount);
  DeviceArray<double> sum(1), workspace(cuda::sum_of_squares_workspace(kCount));
  const auto bytes = kCount * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::sum_of_squares<T>(values.data(), kCount, sum.data(), workspace.data(), stream);
  });
}
MOEBENCH_GPU_BENCHMARK(sum_of_squares_gpu);

}  // namespace
}  // namespace moebench::kernels
