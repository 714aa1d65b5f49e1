#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// The sizes of mixtral-small with 1024 tokens in a micro-batch.
constexpr std::int64_t kRows = 1024;
constexpr std::int64_t kHidden = 512;
constexpr std::int64_t kIntermediate = 1792;
constexpr std::int64_t kVocab = 4096;
constexpr std::int64_t kNumExperts = 8;
constexpr std::int64_t kTopK = 2;

// Uniform in [-1, 1].
template <typename T>
std::vector<T> random_values(std::int64_t count) {
  std::minstd_rand generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = from_float<T>(uniform(generator));
  return values;
}

// Bytes that an iteration must read and write at least: each input and output once.
template <typename T>
void set_elements_processed(benchmark::State& state, std::int64_t elements_per_iteration) {
  state.SetBytesProcessed(state.iterations() * elements_per_iteration *
                          static_cast<std::int64_t>(sizeof(T)));
}

}  // namespace moebench::kernels

// Wall time, since kernels may use several OpenMP threads.
#define MOEBENCH_BENCHMARK(function)                                        \
  BENCHMARK(function<float>)->UseRealTime()->Unit(benchmark::kMicrosecond); \
  BENCHMARK(function<::moebench::Bfloat16>)->UseRealTime()->Unit(benchmark::kMicrosecond)
