#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace moebench::kernels {

// exp(x) with a relative error below 3e-7, in a form that compilers vectorise. Below -87 it is a
// value near the smallest normal, above 88 one near the largest: never infinite or denormal. A NaN
// stays a NaN.
// x = n ln 2 + r with |r| <= ln(2)/2, and a degree-6 Taylor polynomial for exp(r).
inline float fast_exp(float x) {
  x = std::min(std::max(x, -87.0f), 88.0f);
  // Next to 1.5 x 2^23 floats are the integers: the sum's last bits are n in two's complement.
  constexpr float kRounder = 12582912.0f;
  const float shifted = x * 1.44269504f + kRounder;
  const float n = shifted - kRounder;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const std::uint32_t exponent = (std::bit_cast<std::uint32_t>(shifted) + 127u) << 23;
  return p * std::bit_cast<float>(exponent);
}

inline float fast_sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }

}  // namespace moebench::kernels
