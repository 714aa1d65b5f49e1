#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/gpu/random_map.h"
#include "kernels/permute_rows/permute_rows_cuda.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kPairs = kGpuTokens * kTopK;
constexpr std::int64_t kCount = kGpuTokens * kGpuHidden;

// Counts what an operation moves that reads or writes `arrays` arrays of a token's row each.
template <typename T>
constexpr std::int64_t bytes_of(std::int64_t arrays) {
  return arrays * kCount * static_cast<std::int64_t>(sizeof(T));
}

template <typename T>
void permute_rows_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  RandomMap map(kPairs, kNumExperts);
  RandomArray<T> x(kCount);
  DeviceArray<T> rows(kTopK * kCount);
  time_on_device(state, bytes_of<T>(1 + kTopK), [&](CudaStream stream) {
    cuda::permute_rows<T>(x.data(), map.view(), kTopK, kGpuHidden, rows.data(), stream);
  });
}
MOEBENCH_GPU_BENCHMARK(permute_rows_gpu);

template <typename T>
void combine_rows_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  RandomMap map(kPairs, kNumExperts);
  RandomArray<T> rows(kTopK * kCount);
  RandomArray<float> weights(kPairs);
  DeviceArray<T> y(kCount);
  time_on_device(state, bytes_of<T>(1 + kTopK), [&](CudaStream stream) {
    cuda::combine_rows<T>(rows.data(), weights.data(), map.view(), kTopK, kGpuHidden, y.data(),
                          stream);
  });
}
MOEBENCH_GPU_BENCHMARK(combine_rows_gpu);

template <typename T>
void combine_rows_backward_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  RandomMap map(kPairs, kNumExperts);
  RandomArray<T> dy(kCount), rows(kTopK * kCount);
  RandomArray<float> weights(kPairs);
  DeviceArray<T> drows(kTopK * kCount);
  DeviceArray<float> dweights(kPairs);
  time_on_device(state, bytes_of<T>(1 + 2 * kTopK), [&](CudaStream stream) {
    cuda::combine_rows_backward<T>(dy.data(), rows.data(), weights.data(), map.view(), kTopK,
                                   kGpuHidden, drows.data(), dweights.data(), stream);
  });
}
MOEBENCH_GPU_BENCHMARK(combine_rows_backward_gpu);

}  // namespace
}  // namespace moebench::kernels
