#include "kernels/rope/rope.h"

#include "kernels/bench_util.h"
#include "kernels/rope/rope_testing.h"

namespace moebench::kernels {
namespace {

constexpr RopeShape kShape = {
    .batch = 4, .seq_len = 256, .num_heads = 8, .num_kv_heads = 2, .head_dim = 64};
constexpr std::int64_t kSplitCount = 3 * kRows * 8 * 64;
constexpr std::int64_t kFusedCount = kRows * (8 + 2 * 2) * 64;

template <typename T>
void rope_split_forward(benchmark::State& state) {
  const RopeTable table(kShape.seq_len, rope_frequencies(1e6, kShape.head_dim));
  const auto qkv = random_values<T>(kFusedCount);
  const RopeSource<const T> from = fused_rope_source(qkv.data(), kShape);
  std::vector<T> q(kSplitCount / 3), k(q.size()), v(q.size());
  for (auto _ : state) {
    kernels::rope_split_forward(from, table, kShape, q.data(), k.data(), v.data());
  }
  set_elements_processed<T>(state, kFusedCount + kSplitCount);
}
MOEBENCH_BENCHMARK(rope_split_forward);

template <typename T>
void rope_split_backward(benchmark::State& state) {
  const RopeTable table(kShape.seq_len, rope_frequencies(1e6, kShape.head_dim));
  const auto dq = random_values<T>(kSplitCount / 3), dk = dq, dv = dq;
  std::vector<T> dqkv(kFusedCount);
  const RopeSource<T> to = fused_rope_source(dqkv.data(), kShape);
  for (auto _ : state) {
    kernels::rope_split_backward(dq.data(), dk.data(), dv.data(), table, kShape, to);
  }
  set_elements_processed<T>(state, kFusedCount + kSplitCount);
}
MOEBENCH_BENCHMARK(rope_split_backward);

}  // namespace
}  // namespace moebench::kernels
