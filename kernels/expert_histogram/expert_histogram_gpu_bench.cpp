#include "kernels/expert_histogram/expert_histogram_cuda.h"
#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/gpu/random_map.h"

namespace moebench::kernels {
namespace {

// Arguments: tokens, experts, top_k.
void group_rows_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  const std::int64_t num_experts = state.range(1), num_pairs = state.range(0) * state.range(2);
  RandomMap map(num_pairs, num_experts);
  DeviceArray<std::int32_t> ids(random_experts(num_pairs, num_experts));
  DeviceArray<std::int32_t> workspace(cuda::group_rows_workspace(num_pairs, num_experts));
  const auto bytes = 2 * num_pairs * static_cast<std::int64_t>(sizeof(std::int32_t));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::group_rows(ids.data(), 1, map.view(), workspace.data(), stream);
  });
}
BENCHMARK(group_rows_gpu)
    ->Args({kGpuTokens, kNumExperts, kTopK})
    ->Args({kGpuTokens, 128, 8})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace moebench::kernels
