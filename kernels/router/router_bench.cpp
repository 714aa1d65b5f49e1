#include "kernels/router/router.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

void route_top_k(benchmark::State& state) {
  const auto logits = random_values<float>(kRows * kNumExperts);
  std::vector<float> probs(logits.size()), weights(kRows * kTopK);
  std::vector<std::int32_t> ids(weights.size());
  for (auto _ : state) {
    kernels::route_top_k(logits.data(), kRows, kNumExperts, kTopK, probs.data(), ids.data(),
                         weights.data());
  }
  set_elements_processed<float>(state, 2 * kRows * (kNumExperts + kTopK));
}
BENCHMARK(route_top_k)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace moebench::kernels
