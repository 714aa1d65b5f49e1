#include "kernels/gpu/gpu_bench_util.h"

namespace moebench::kernels {
namespace {

// The yardstick: w2 of all experts of a layer moved as it is. Bytes are the result's alone.
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
