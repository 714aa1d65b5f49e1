#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/transpose_concat/transpose_concat_cuda.h"

namespace moebench::kernels {
namespace {

// w2 of all experts of a layer. Bytes are the result's alone, as in the CPU's benchmark.
template <typename T>
void transpose_concat_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  constexpr std::int64_t kSize = kGpuHidden * kGpuIntermediate;
  RandomArray<T> source(kNumExperts * kSize);
  DeviceArray<T> destination(kNumExperts * kSize);
  std::vector<const T*> matrices;
  for (std::int64_t e = 0; e < kNumExperts; ++e) matrices.push_back(source.data() + e * kSize);
  const auto bytes = kNumExperts * kSize * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::transpose_concat<T>(matrices, kGpuHidden, kGpuIntermediate, destination.data(), stream);
  });
}
MOEBENCH_GPU_BENCHMARK(transpose_concat_gpu);

// What moving the same bytes costs without transposing them.
template <typename T>
void copy_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  constexpr std::int64_t kCount = kNumExperts * kGpuHidden * kGpuIntermediate;
  RandomArray<T> source(kCount);
  DeviceArray<T> destination(kCount);
  const auto bytes = kCount * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    check_cuda(cudaMemcpyAsync(destination.data(), source.data(), static_cast<std::size_t>(bytes),
                               cudaMemcpyDeviceToDevice, stream),
               "cudaMemcpyAsync");
  });
}
MOEBENCH_GPU_BENCHMARK(copy_gpu);

}  // namespace
}  // namespace moebench::kernels
