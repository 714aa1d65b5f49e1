#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/route_top_k/route_top_k_cuda.h"

namespace moebench::kernels {
namespace {

// Arguments: experts, top_k.
RouteShape shape_of(const benchmark::State& state) {
  return {kGpuTokens, state.range(0), state.range(1)};
}
// Scores, ids and weights, and what else is read or written of the logits' shape.
std::int64_t bytes_of(const RouteShape& shape, std::int64_t logits_bytes) {
  return shape.tokens * (shape.num_experts * (4 + logits_bytes) + shape.top_k * 8);
}

void route_top_k_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  const RouteShape shape = shape_of(state);
  RandomArray<Bfloat16> logits(shape.tokens * shape.num_experts);
  DeviceArray<float> scores(shape.tokens * shape.num_experts), weights(shape.tokens * shape.top_k);
  DeviceArray<std::int32_t> ids(shape.tokens * shape.top_k);
  time_on_device(state, bytes_of(shape, 2), [&](CudaStream stream) {
    cuda::route_top_k(logits.data(), shape, nullptr, scores.data(), ids.data(), weights.data(),
                      stream);
  });
}

void route_top_k_backward_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  const RouteShape shape = shape_of(state);
  RandomArray<Bfloat16> logits(shape.tokens * shape.num_experts);
  DeviceArray<float> scores(shape.tokens * shape.num_experts), weights(shape.tokens * shape.top_k);
  DeviceArray<std::int32_t> ids(shape.tokens * shape.top_k);
  cuda::route_top_k(logits.data(), shape, nullptr, scores.data(), ids.data(), weights.data(),
                    nullptr);
  RandomArray<float> dweights(shape.tokens * shape.top_k);
  DeviceArray<Bfloat16> dlogits(shape.tokens * shape.num_experts);
  time_on_device(state, bytes_of(shape, 2), [&](CudaStream stream) {
    cuda::route_top_k_backward(dweights.data(), nullptr, scores.data(), ids.data(), weights.data(),
                               shape, dlogits.data(), stream);
  });
}

void sizes(benchmark::internal::Benchmark* it) {
  it->Args({8, 2})->Args({40, 8})->Args({128, 8})->UseManualTime();
  it->Unit(benchmark::kMicrosecond);
}
BENCHMARK(route_top_k_gpu)->Apply(sizes);
BENCHMARK(route_top_k_backward_gpu)->Apply(sizes);

}  // namespace
}  // namespace moebench::kernels
