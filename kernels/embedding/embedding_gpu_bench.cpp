#include "kernels/embedding/embedding_cuda.h"
#include "kernels/gpu/gpu_bench_util.h"

namespace moebench::kernels {
namespace {

// Arguments: rows, vocabulary. Bytes: one read of dx and one write of the whole table.
template <typename T>
void embedding_backward_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  const std::int64_t rows = state.range(0), vocab = state.range(1);
  std::minstd_rand generator(3);
  std::vector<std::int64_t> tokens;
  for (std::int64_t t = 0; t < rows; ++t) {
    tokens.push_back(static_cast<std::int64_t>(generator()) % vocab);
  }
  DeviceArray<std::int64_t> token_array(tokens);
  RandomArray<T> dx(rows * kGpuHidden);
  DeviceArray<T> dtable(vocab * kGpuHidden);
  DeviceArray<std::int32_t> workspace(cuda::embedding_backward_workspace(rows, vocab));
  const auto bytes = (rows + vocab) * kGpuHidden * static_cast<std::int64_t>(sizeof(T));
  time_on_device(state, bytes, [&](CudaStream stream) {
    cuda::embedding_backward<T>(token_array.data(), dx.data(), rows, vocab, kGpuHidden,
                                dtable.data(), /*accumulate=*/false, workspace.data(), stream);
  });
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({kGpuTokens, 256})->Args({kGpuTokens, 32000})->Args({4 * kGpuTokens, 128000});
  benchmark->UseManualTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(embedding_backward_gpu<float>)->Apply(sizes);
BENCHMARK(embedding_backward_gpu<Bfloat16>)->Apply(sizes);

}  // namespace
}  // namespace moebench::kernels
