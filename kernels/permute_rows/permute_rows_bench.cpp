#include "kernels/permute_rows/permute_rows.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = kRows * kHidden;

std::vector<std::int32_t> random_experts() {
  std::minstd_rand generator(2);
  std::vector<std::int32_t> experts;
  for (std::int64_t i = 0; i < kRows * kTopK; ++i) {
    experts.push_back(static_cast<std::int32_t>(generator() % kNumExperts));
  }
  return experts;
}

RowMap random_map() { return group_rows(random_experts(), kNumExperts, 1); }

void group_rows_by_expert(benchmark::State& state) {
  const auto experts = random_experts();
  for (auto _ : state) benchmark::DoNotOptimize(group_rows(experts, kNumExperts, 1));
  set_elements_processed<std::int32_t>(state, 2 * kRows * kTopK);
}
BENCHMARK(group_rows_by_expert)->Unit(benchmark::kMicrosecond);

template <typename T>
void permute_rows(benchmark::State& state) {
  const RowMap map = random_map();
  const auto x = random_values<T>(kCount);
  std::vector<T> rows(kTopK * kCount);
  for (auto _ : state) kernels::permute_rows(x.data(), map, kTopK, kHidden, rows.data());
  set_elements_processed<T>(state, (1 + kTopK) * kCount);
}
MOEBENCH_BENCHMARK(permute_rows);

template <typename T>
void combine_rows(benchmark::State& state) {
  const RowMap map = random_map();
  const auto rows = random_values<T>(kTopK * kCount);
  const auto weights = random_values<float>(kRows * kTopK);
  std::vector<T> y(kCount);
  for (auto _ : state) {
    kernels::combine_rows(rows.data(), weights.data(), map, kTopK, kHidden, y.data());
  }
  set_elements_processed<T>(state, (1 + kTopK) * kCount);
}
MOEBENCH_BENCHMARK(combine_rows);

template <typename T>
void combine_rows_backward(benchmark::State& state) {
  const RowMap map = random_map();
  const auto dy = random_values<T>(kCount), rows = random_values<T>(kTopK * kCount);
  const auto weights = random_values<float>(kRows * kTopK);
  std::vector<T> drows(rows.size());
  std::vector<float> dweights(weights.size());
  for (auto _ : state) {
    kernels::combine_rows_backward(dy.data(), rows.data(), weights.data(), map, kTopK, kHidden,
                                   drows.data(), dweights.data());
  }
  set_elements_processed<T>(state, (1 + 2 * kTopK) * kCount);
}
MOEBENCH_BENCHMARK(combine_rows_backward);

}  // namespace
}  // namespace moebench::kernels
