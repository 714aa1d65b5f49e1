#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/swiglu/swiglu_cuda.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = kGpuTokens * kGpuIntermediate;
constexpr GatedActivation kClamped{.limit = 7, .interleaved = true};  // that of gpt-oss

template <typename T>
void forward(benchmark::State& state, const GatedActivation& activation) {
  if (skipped_without_device(state)) return;
  RandomArray<T> gate_up(2 * kCount);
  DeviceArray<T> out(kCount);
  const auto bytes = 3 * kCount * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::swiglu_forward<T>(gate_up.data(), kGpuTokens, kGpuIntermediate, out.data(), stream,
                            activation);
  });
}

template <typename T>
void swiglu_forward_gpu(benchmark::State& state) {
  forward<T>(state, {});
}
MOEBENCH_GPU_BENCHMARK(swiglu_forward_gpu);

template <typename T>
void swiglu_forward_clamped_gpu(benchmark::State& state) {
  forward<T>(state, kClamped);
}
MOEBENCH_GPU_BENCHMARK(swiglu_forward_clamped_gpu);

template <typename T>
void backward(benchmark::State& state, const GatedActivation& activation) {
  if (skipped_without_device(state)) return;
  RandomArray<T> dout(kCount), gate_up(2 * kCount);
  DeviceArray<T> dgate_up(2 * kCount), out(kCount);
  const auto bytes = 6 * kCount * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::swiglu_backward<T>(dout.data(), gate_up.data(), kGpuTokens, kGpuIntermediate,
                             dgate_up.data(), out.data(), stream, activation);
  });
}

template <typename T>
void swiglu_backward_gpu(benchmark::State& state) {
  backward<T>(state, {});
}
MOEBENCH_GPU_BENCHMARK(swiglu_backward_gpu);

template <typename T>
void swiglu_backward_clamped_gpu(benchmark::State& state) {
  backward<T>(state, kClamped);
}
MOEBENCH_GPU_BENCHMARK(swiglu_backward_clamped_gpu);

}  // namespace
}  // namespace moebench::kernels
