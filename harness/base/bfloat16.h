#pragma once

#include <bit>
#include <cstdint>

namespace moebench {

// The upper half of an IEEE binary32. Same layout as c10::BFloat16, without its headers.
struct Bfloat16 {
  std::uint16_t bits;
};

constexpr float to_float(float value) { return value; }
constexpr float to_float(Bfloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

// Rounds to nearest, ties to even; a NaN stays a NaN.
template <typename T>
constexpr T from_float(float value);
template <>
constexpr float from_float<float>(float value) {
  return value;
}
template <>
constexpr Bfloat16 from_float<Bfloat16>(float value) {
  const std::uint32_t u = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = u + 0x7fffu + ((u >> 16) & 1u);
  // Chosen among 32-bit values, which vectorises better than among the 16-bit results.
  const std::uint32_t upper = value != value ? u | 0x400000u : rounded;
  return {static_cast<std::uint16_t>(upper >> 16)};
}

}  // namespace moebench
