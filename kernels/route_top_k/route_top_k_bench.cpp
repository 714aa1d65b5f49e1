#include "kernels/route_top_k/route_top_k.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

// What a benchmark routes; its arguments: experts, top_k.
template <typename T>
struct Routed {
  RouteShape shape;
  std::vector<T> logits;
  std::vector<float> scores, weights;
  std::vector<std::int32_t> ids;

  explicit Routed(const benchmark::State& state)
      : shape{kRows, state.range(0), state.range(1)},
        logits(random_values<T>(kRows * shape.num_experts)),
        scores(logits.size()),
        weights(static_cast<std::size_t>(kRows * shape.top_k)),
        ids(weights.size()) {}
  void route() {
    route_top_k(logits.data(), shape, nullptr, scores.data(), ids.data(), weights.data());
  }
};

template <typename T>
void route_top_k_forward(benchmark::State& state) {
  Routed<T> routed(state);
  for (auto _ : state) routed.route();
  state.SetItemsProcessed(state.iterations() * kRows);
}

template <typename T>
void route_top_k_backward(benchmark::State& state) {
  Routed<T> routed(state);
  routed.route();
  const auto dweights = random_values<float>(kRows * routed.shape.top_k);
  std::vector<T> dlogits(routed.logits.size());
  for (auto _ : state) {
    kernels::route_top_k_backward(dweights.data(), nullptr, routed.scores.data(), routed.ids.data(),
                                  routed.weights.data(), routed.shape, dlogits.data());
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
