#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "harness/base/bfloat16.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

// What small_product computes with: vectors of 32-bit units, each one float, or a pair of bf16 that
// follow one another along the sum.
namespace moebench::kernels {

#if defined(__AVX512F__)
constexpr std::int64_t kLanes = 16;
constexpr std::int64_t kMaxTileRows = 8;
#elif defined(__AVX__)
constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kMaxTileRows = 6;  // 12 sums, of 16 registers
#else
constexpr std::int64_t kLanes = 4;
constexpr std::int64_t kMaxTileRows = 6;
#endif
constexpr std::int64_t kUnitBytes = 4;
constexpr std::int64_t kPanelCols = 2 * kLanes;
typedef float Vector __attribute__((vector_size(kLanes * kUnitBytes)));

struct SingleUnit {
  static constexpr std::int64_t kDepth = 1;  // elements along the sum
  static Vector add_product(Vector sum, float a, Vector b) { return sum + a * b; }
};

#if defined(__AVX512BF16__)
struct PairUnit {
  static constexpr std::int64_t kDepth = 2;
  static Vector add_product(Vector sum, float a, Vector b) {
    return reinterpret_cast<Vector>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum),
                                                     reinterpret_cast<__m512bh>(_mm512_set1_ps(a)),
                                                     reinterpret_cast<__m512bh>(b)));
  }
};
template <typename T>
using Unit = std::conditional_t<std::is_same_v<T, Bfloat16>, PairUnit, SingleUnit>;
#else
template <typename T>
using Unit = SingleUnit;  // of bf16 widened to float
#endif

template <typename T>
constexpr bool kTakesPairs = Unit<T>::kDepth == 2;

// Steps of a sum over `depth` elements.
template <typename T>
std::int64_t num_steps(std::int64_t depth) {
  return (depth + Unit<T>::kDepth - 1) / Unit<T>::kDepth;
}

// Rounds kPanelCols sums.
inline void store_sums(Vector first, Vector second, float* to) {
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + kLanes, &second, sizeof second);
}

inline void store_sums(Vector first, Vector second, Bfloat16* to) {
#if defined(__AVX512BF16__)
  const __m512bh rounded = _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(second),  //
                                               reinterpret_cast<__m512>(first));
  std::memcpy(to, &rounded, sizeof rounded);
#else
  float sums[kPanelCols];
  store_sums(first, second, sums);
  for (std::int64_t i = 0; i < kPanelCols; ++i) to[i] = from_float<Bfloat16>(sums[i]);
#endif
}

}  // namespace moebench::kernels
