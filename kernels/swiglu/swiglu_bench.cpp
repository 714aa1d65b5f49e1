#include "kernels/swiglu/swiglu.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = kRows * kIntermediate;

template <typename T>
void swiglu_forward(benchmark::State& state) {
  const auto gate_up = random_values<T>(2 * kCount);
  std::vector<T> out(kCount);
  for (auto _ : state) kernels::swiglu_forward(gate_up.data(), kRows, kIntermediate, out.data());
  set_elements_processed<T>(state, 3 * kCount);
}
MOEBENCH_BENCHMARK(swiglu_forward);

template <typename T>
void swiglu_backward(benchmark::State& state) {
  const auto dout = random_values<T>(kCount);
  const auto gate_up = random_values<T>(2 * kCount);
  std::vector<T> dgate_up(2 * kCount), out(kCount);
  for (auto _ : state) {
    kernels::swiglu_backward(dout.data(), gate_up.data(), kRows, kIntermediate, dgate_up.data(),
                             out.data());
  }
  set_elements_processed<T>(state, 6 * kCount);
}
MOEBENCH_BENCHMARK(swiglu_backward);

}  // namespace
}  // namespace moebench::kernels
