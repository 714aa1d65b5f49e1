#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/sum_parts/sum_parts_cuda.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = 16 << 20;
constexpr std::int64_t kNumParts = 8;

template <typename T>
void sum_parts_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  RandomArray<T> parts(kNumParts * kCount);
  DeviceArray<T> out(kCount);
  const auto bytes = (kNumParts + 1) * kCount * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::sum_parts<T>(parts.data(), kCount, kNumParts, kCount, /*accumulate=*/false, out.data(),
                       stream);
  });
}
MOEBENCH_GPU_BENCHMARK(sum_parts_gpu);

}  // namespace
}  // namespace moebench::kernels
