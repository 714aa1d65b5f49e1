#include "harness/measure/phases.h"

#include <benchmark/benchmark.h>

#include "harness/measure/nvtx.h"

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

// Times a range as there is around every unit and collective; no tool is attached.
void range_without_tool(benchmark::State& state) {
  const NvtxName name("range");
  for (auto _ : state) {
    const NvtxRange range(NvtxKind::kCollective, name, 1);
    benchmark::ClobberMemory();
  }
}

BENCHMARK(range_without_tool);
BENCHMARK(scope_recorded);
BENCHMARK(scope_without_recorder);

}  // namespace
}  // namespace moebench::measure
