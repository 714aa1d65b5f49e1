#include "kernels/gpu/gpu_bench_util.h"
#include "kernels/route_top_k/route_top_k_cuda.h"

namespace moebench::kernels {
namespace {

// What a benchmark routes; its arguments: experts, top_k.
struct Routed {
  RouteShape shape;
  RandomArray<Bfloat16> logits;
  DeviceArray<float> scores, weights;
  DeviceArray<std::int32_t> ids;

  explicit Routed(const benchmark::State& state)
      : shape{kGpuTokens, state.range(0), state.range(1)},
        logits(shape.tokens * shape.num_experts),
        scores(shape.tokens * shape.num_experts),
        weights(shape.tokens * shape.top_k),
        ids(shape.tokens * shape.top_k) {}
  void route(CudaStream stream) {
    cuda::route_top_k(logits.data(), shape, nullptr, scores.data(), ids.data(), weights.data(),
                      stream);
  }
  // Logits or their gradient, scores, ids and weights.
  std::int64_t bytes() const {
    return shape.tokens * (shape.num_experts * (4 + 2) + shape.top_k * 8);
  }
};

void route_top_k_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  Routed routed(state);
  time_on_device(state, routed.bytes(), [&](CudaStream stream) { routed.route(stream); });
}

void route_top_k_backward_gpu(benchmark::State& state) {
  if (skipped_without_device(state)) return;
  Routed routed(state);
  routed.route(nullptr);
  RandomArray<float> dweights(routed.shape.tokens * routed.shape.top_k);
  DeviceArray<Bfloat16> dlogits(routed.shape.tokens * routed.shape.num_experts);
  time_on_device(state, routed.bytes(), [&](CudaStream stream) {
    cuda::route_top_k_backward(dweights.data(), nullptr, routed.scores.data(), routed.ids.data(),
                               routed.weights.data(), routed.shape, dlogits.data(), stream);
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
