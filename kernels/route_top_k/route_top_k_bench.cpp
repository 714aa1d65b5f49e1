#include "kernels/route_top_k/route_top_k.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

// Arguments: experts, top_k.
RouteShape shape_of(const benchmark::State& state) {
  return {kRows, state.range(0), state.range(1)};
}

template <typename T>
void route_top_k_forward(benchmark::State& state) {
  const RouteShape shape = shape_of(state);
  const auto logits = random_values<T>(kRows * shape.num_experts);
  std::vector<float> scores(logits.size()), weights(static_cast<std::size_t>(kRows * shape.top_k));
  std::vector<std::int32_t> ids(weights.size());
  for (auto _ : state) {
    route_top_k(logits.data(), shape, nullptr, scores.data(), ids.data(), weights.data());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

template <typename T>
void route_top_k_backward(benchmark::State& state) {
  const RouteShape shape = shape_of(state);
  const auto logits = random_values<T>(kRows * shape.num_experts);
  std::vector<float> scores(logits.size()), weights(static_cast<std::size_t>(kRows * shape.top_k));
  std::vector<std::int32_t> ids(weights.size());
  route_top_k(logits.data(), shape, nullptr, scores.data(), ids.data(), weights.data());
  const auto dweights = random_values<float>(kRows * shape.top_k);
  std::vector<T> dlogits(logits.size());
  for (auto _ : state) {
    kernels::route_top_k_backward(dweights.data(), nullptr, scores.data(), ids.data(),
                                  weights.data(), shape, dlogits.data());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

void sizes(benchmark::internal::Benchmark* it) {
  it->Args({kNumExperts, kTopK})->Args({40, 8})->Args({128, 8})->UseRealTime();
  it->Unit(benchmark::kMicrosecond);
}
BENCHMARK(route_top_k_forward<float>)->Apply(sizes);
BENCHMARK(route_top_k_forward<Bfloat16>)->Apply(sizes);
BENCHMARK(route_top_k_backward<Bfloat16>)->Apply(sizes);

}  // namespace
}  // namespace moebench::kernels
