#include "harness/measure/phases.h"

#include <benchmark/benchmark.h>

namespace moebench::measure {
namespace {

// A scope within a scope, as marks are in a step.
void one_scope(benchmark::State& state) {
  const PhaseScope step(Phase::kAttention);
  for (auto _ : state) {
    const PhaseScope scope(Phase::kRouter);
    benchmark::ClobberMemory();
  }
}

void scope_recorded(benchmark::State& state) {
  const PhaseRecorder recorder;
  one_scope(state);
}

void scope_without_recorder(benchmark::State& state) { one_scope(state); }

BENCHMARK(scope_recorded);
BENCHMARK(scope_without_recorder);

}  // namespace
}  // namespace moebench::measure
