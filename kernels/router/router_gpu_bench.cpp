#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/router/router_cuda.h"

namespace moebench::kernels {
namespace {

// Arguments: tokens, experts, top_k.
void route_top_k_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  const std::int64_t tokens = state.range(0), num_experts = state.range(1), top_k = state.range(2);
  RandomArray<float> logits(tokens * num_experts);
  DeviceArray<float> probs(tokens * num_experts), weights(tokens * top_k);
  DeviceArray<std::int32_t> ids(tokens * top_k);
  const auto bytes = 2 * tokens * (num_experts + top_k) * static_cast<std::int64_t>(sizeof(float));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::route_top_k(logits.data(), tokens, num_experts, top_k, probs.data(), ids.data(),
                      weights.data(), stream);
  });
}
BENCHMARK(route_top_k_gpu)
    ->Args({kGpuTokens, kNumExperts, kTopK})
    ->Args({kGpuTokens, 128, 8})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace moebench::kernels
