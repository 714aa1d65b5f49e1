#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/rms_norm/rms_norm_cuda.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = kGpuTokens * kGpuHidden;
constexpr float kEps = 1e-5f;

template <typename T>
void rms_norm_forward_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  RandomArray<T> x(kCount), w(kGpuHidden);
  DeviceArray<T> y(kCount);
  DeviceArray<float> rstd(kGpuTokens);
  const auto bytes = 2 * kCount * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::rms_norm_forward<T>(x.data(), w.data(), kGpuTokens, kGpuHidden, kEps, y.data(),
                              rstd.data(), stream);
  });
}
MOEBENCH_GPU_BENCHMARK(rms_norm_forward_gpu);

template <typename T>
void rms_norm_backward_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  RandomArray<T> dy(kCount), x(kCount), w(kGpuHidden);
  RandomArray<float> rstd(kGpuTokens);
  DeviceArray<T> dx(kCount), dw(kGpuHidden);
  DeviceArray<float> workspace(cuda::rms_norm_backward_workspace(kGpuTokens, kGpuHidden));
  const auto bytes = 3 * kCount * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::rms_norm_backward<T>(dy.data(), x.data(), w.data(), rstd.data(), kGpuTokens, kGpuHidden,
                               dx.data(), dw.data(), /*accumulate=*/false, workspace.data(),
                               stream);
  });
}
MOEBENCH_GPU_BENCHMARK(rms_norm_backward_gpu);

}  // namespace
}  // namespace moebench::kernels
