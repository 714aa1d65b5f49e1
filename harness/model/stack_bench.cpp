// Stacking the transposed w2 of several experts: torch's ways beside kernels/transpose_concat, on
// the same memory. Threads: OMP_NUM_THREADS.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <benchmark/benchmark.h>

#include <vector>

#include "harness/model/weight.h"
#include "kernels/transpose_concat/transpose_concat.h"

namespace moebench::model {
namespace {

constexpr std::int64_t kNumExperts = 2;

struct Experts {
  explicit Experts(const benchmark::State& state) : rows(state.range(0)), cols(state.range(1)) {
    const auto options = at::TensorOptions().dtype(at::kBFloat16);
    for (std::int64_t e = 0; e < kNumExperts; ++e) {
      w2.push_back(at::ones({rows, cols}, options));
      transposed.push_back(w2.back().t());
      matrices.push_back(data<Bfloat16>(w2.back()));
    }
    stack = at::zeros({kNumExperts * cols, rows}, options);
  }
  void set_bytes(benchmark::State& state) const {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stack.nbytes()));
  }
  std::int64_t rows, cols;
  std::vector<at::Tensor> w2, transposed;
  std::vector<const Bfloat16*> matrices;
  at::Tensor stack;
};

// Concatenates as a library user does: the result is fresh memory each time.
void cat(benchmark::State& state) {
  const Experts experts(state);
  for (auto _ : state) benchmark::DoNotOptimize(at::cat(experts.transposed).contiguous());
  experts.set_bytes(state);
}

void cat_into_place(benchmark::State& state) {
  Experts experts(state);
  for (auto _ : state) at::cat_out(experts.stack, experts.transposed);
  experts.set_bytes(state);
}

void transpose_concat(benchmark::State& state) {
  const Experts experts(state);
  for (auto _ : state) {
    kernels::transpose_concat<Bfloat16>(experts.matrices, experts.rows, experts.cols,
                                        data<Bfloat16>(experts.stack));
  }
  experts.set_bytes(state);
}

#define MOEBENCH_STACK_BENCHMARK(function) \
  BENCHMARK(function)                      \
      ->Args({1024, 3584})                 \
      ->Args({4096, 14336})                \
      ->UseRealTime()                      \
      ->Unit(benchmark::kMicrosecond)

MOEBENCH_STACK_BENCHMARK(cat);
MOEBENCH_STACK_BENCHMARK(cat_into_place);
MOEBENCH_STACK_BENCHMARK(transpose_concat);

}  // namespace
}  // namespace moebench::model
