#include "kernels/cross_entropy/cross_entropy.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

template <typename T>
void cross_entropy(benchmark::State& state) {
  auto logits = random_values<T>(kRows * kVocab);
  std::vector<std::int64_t> labels;
  for (std::int64_t r = 0; r < kRows; ++r) labels.push_back(r * 31 % kVocab);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        cross_entropy_in_place(logits.data(), labels.data(), kRows, kVocab, 1.0f));
  }
  set_elements_processed<T>(state, 2 * kRows * kVocab);
}
MOEBENCH_BENCHMARK(cross_entropy);

}  // namespace
}  // namespace moebench::kernels
