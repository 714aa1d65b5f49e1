#include "harness/comm/reduce.h"

#include <algorithm>

#include "harness/base/bfloat16.h"

namespace moebench::comm {
namespace {

template <typename T>
void sum_typed(std::span<const void* const> parts, std::int64_t count, bool accumulate, T* out) {
  constexpr std::int64_t kBlock = 2048;  // the fp32 sums stay in the first-level cache
#pragma omp parallel for
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t size = std::min(kBlock, count - begin);
    float sum[kBlock];
    for (std::int64_t i = 0; i < size; ++i) sum[i] = accumulate ? to_float(out[begin + i]) : 0.0f;
    for (const void* part : parts) {
      const T* in = static_cast<const T*>(part) + begin;
#pragma omp simd
      for (std::int64_t i = 0; i < size; ++i) sum[i] += to_float(in[i]);
    }
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) out[begin + i] = from_float<T>(sum[i]);
  }
}

}  // namespace

void sum_parts(std::span<const void* const> parts, std::int64_t count, ElementType type,
               bool accumulate, void* out) {
  if (type == ElementType::kFp32) {
    sum_typed(parts, count, accumulate, static_cast<float*>(out));
  } else {
    sum_typed(parts, count, accumulate, static_cast<Bfloat16*>(out));
  }
}

}  // namespace moebench::comm
