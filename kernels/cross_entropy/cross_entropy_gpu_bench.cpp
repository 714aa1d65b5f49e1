#include "kernels/cross_entropy/cross_entropy_cuda.h"
#include "kernels/gpu/gpu_bench_util.h"

namespace moebench::kernels {
namespace {

// The vocabulary of Mixtral. Each launch overwrites logits by gradients: later ones have smaller
// values, and take as long.
template <typename T>
void cross_entropy_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  constexpr std::int64_t kVocabulary = 32000;
  std::vector<std::int64_t> labels;
  for (std::int64_t r = 0; r < kGpuTokens; ++r) labels.push_back(r * 31 % kVocabulary);
  RandomArray<T> logits(kGpuTokens * kVocabulary);
  DeviceArray<std::int64_t> label_array(labels);
  DeviceArray<double> sum(1), workspace(cuda::cross_entropy_workspace(kGpuTokens));
  const auto bytes = 2 * kGpuTokens * kVocabulary * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::cross_entropy_in_place<T>(logits.data(), label_array.data(), kGpuTokens, kVocabulary,
                                    1.0f, sum.data(), workspace.data(), stream);
  });
}
MOEBENCH_GPU_BENCHMARK(cross_entropy_gpu);

}  // namespace
}  // namespace moebench::kernels
