#include "kernels/embedding/embedding.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

// Bytes: one read of dx and one write of the whole table.
template <typename T>
void embedding_backward(benchmark::State& state) {
  std::minstd_rand generator(3);
  std::vector<std::int64_t> tokens;
  for (std::int64_t t = 0; t < kRows; ++t) {
    tokens.push_back(static_cast<std::int64_t>(generator() % kVocab));
  }
  const auto dx = random_values<T>(kRows * kHidden);
  std::vector<T> dtable(kVocab * kHidden);
  for (auto _ : state) {
    kernels::embedding_backward(tokens.data(), dx.data(), kRows, kVocab, kHidden, dtable.data(),
                                /*accumulate=*/false);
  }
  set_elements_processed<T>(state, (kRows + kVocab) * kHidden);
}
MOEBENCH_BENCHMARK(embedding_backward);

}  // namespace
}  // namespace moebench::kernels
