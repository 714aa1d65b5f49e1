#include "kernels/swiglu/swiglu.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kCount = kRows * kIntermediate;
constexpr GatedActivation kClamped{.limit = 7, .interleaved = true};  // that of gpt-oss

template <typename T>
void forward(benchmark::State& state, const GatedActivation& activation) {
  const auto gate_up = random_values<T>(2 * kCount);
  std::vector<T> out(kCount);
  for (auto _ : state) {
    kernels::swiglu_forward(gate_up.data(), kRows, kIntermediate, out.data(), activation);
  }
  set_elements_processed<T>(state, 3 * kCount);
}

template <typename T>
void swiglu_forward(benchmark::State& state) {
  forward<T>(state, {});
}
MOEBENCH_BENCHMARK(swiglu_forward);

template <typename T>
void swiglu_forward_clamped(benchmark::State& state) {
  forward<T>(state, kClamped);
}
MOEBENCH_BENCHMARK(swiglu_forward_clamped);

template <typename T>
void backward(benchmark::State& state, const GatedActivation& activation) {
  const auto dout = random_values<T>(kCount);
  const auto gate_up = random_values<T>(2 * kCount);
  std::vector<T> dgate_up(2 * kCount), out(kCount);
  for (auto _ : state) {
    kernels::swiglu_backward(dout.data(), gate_up.data(), kRows, kIntermediate, dgate_up.data(),
                             out.data(), activation);
  }
  set_elements_processed<T>(state, 6 * kCount);
}

template <typename T>
void swiglu_backward(benchmark::State& state) {
  backward<T>(state, {});
}
MOEBENCH_BENCHMARK(swiglu_backward);

template <typename T>
void swiglu_backward_clamped(benchmark::State& state) {
  backward<T>(state, kClamped);
}
MOEBENCH_BENCHMARK(swiglu_backward_clamped);

}  // namespace
}  // namespace moebench::kernels
