#include <cstring>

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

// Measures what the machine can move, to read other rates against: bytes read and bytes written.
void copy(benchmark::State& state) {
  const std::vector<char> from(static_cast<std::size_t>(state.range(0)), 1);
  std::vector<char> to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  set_elements_processed<char>(state, 2 * state.range(0));
}

// Sizes like those of the other benchmarks; the last one, like adamw's, is beyond every cache.
BENCHMARK(copy)->Arg(1 << 20)->Arg(8 << 20)->Arg(128 << 20)->UseRealTime()->Unit(
    benchmark::kMicrosecond);

}  // namespace
}  // namespace moebench::kernels
