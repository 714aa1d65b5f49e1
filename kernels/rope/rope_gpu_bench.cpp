#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/rope/rope_cuda.h"
#include "kernels/rope/rope_testing.h"

namespace moebench::kernels {
namespace {

constexpr RopeShape kShape = {
    .batch = 2, .seq_len = kGpuTokens / 2, .num_heads = 32, .num_kv_heads = 8, .head_dim = 128};
constexpr std::int64_t kSplitCount = kGpuTokens * 32 * 128;
constexpr std::int64_t kFusedCount = kGpuTokens * (32 + 2 * 8) * 128;

template <typename T>
void rope_split_forward_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  const RopeTable table(kShape.seq_len, rope_frequencies(1e6, kShape.head_dim));
  DeviceArray<float> cos(table.cos), sin(table.sin);
  RandomArray<T> qkv(kFusedCount);
  DeviceArray<T> q(kSplitCount), k(kSplitCount), v(kSplitCount);
  const auto bytes = (kFusedCount + 3 * kSplitCount) * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::rope_split_forward<T>(fused_rope_source<const T>(qkv.data(), kShape), cos.data(),
                                sin.data(), kShape, q.data(), k.data(), v.data(), stream);
  });
}
MOEBENCH_GPU_BENCHMARK(rope_split_forward_gpu);

template <typename T>
void rope_split_backward_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  const RopeTable table(kShape.seq_len, rope_frequencies(1e6, kShape.head_dim));
  DeviceArray<float> cos(table.cos), sin(table.sin);
  RandomArray<T> dq(kSplitCount), dk(kSplitCount), dv(kSplitCount);
  DeviceArray<T> dqkv(kFusedCount);
  const auto bytes = (kFusedCount + 3 * kSplitCount) * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::rope_split_backward<T>(dq.data(), dk.data(), dv.data(), cos.data(), sin.data(), kShape,
                                 fused_rope_source(dqkv.data(), kShape), stream);
  });
}
MOEBENCH_GPU_BENCHMARK(rope_split_backward_gpu);

}  // namespace
}  // namespace moebench::kernels
