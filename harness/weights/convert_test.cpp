#include "harness/weights/convert.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "harness/base/bfloat16.h"

namespace moebench::weights {
namespace {

using config::Dtype;

// Returns what the bits of a small float mean, from its definition.
double value_of(unsigned bits, int exponent_bits, int mantissa_bits, bool has_infinity) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const unsigned top = (1u << exponent_bits) - 1, full = (1u << mantissa_bits) - 1;
  const unsigned exponent = bits >> mantissa_bits & top, mantissa = bits & full;
  const double sign = bits >> (exponent_bits + mantissa_bits) != 0 ? -1 : 1;
  if (has_infinity && exponent == top) return mantissa == 0 ? sign * INFINITY : NAN;
  if (!has_infinity && exponent == top && mantissa == full) return NAN;
  const double fraction = static_cast<double>(mantissa) / (1u << mantissa_bits);
  const int power = static_cast<int>(exponent) - bias;
  return exponent == 0 ? sign * std::ldexp(fraction, 1 - bias)
                       : sign * std::ldexp(1 + fraction, power);
}

template <typename Bits>
void expect_all_values(SourceType type, int exponent_bits, int mantissa_bits, bool has_infinity) {
  constexpr int kCount = 1 << (8 * sizeof(Bits));
  std::vector<Bits> source(kCount);
  for (int i = 0; i < kCount; ++i) source[static_cast<std::size_t>(i)] = static_cast<Bits>(i);
  std::vector<float> wide(source.size());
  std::vector<Bfloat16> narrow(source.size());
  convert(type, source.data(), Dtype::kFp32, wide.data(), kCount);
  convert(type, source.data(), Dtype::kBf16, narrow.data(), kCount);
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto expected =
        static_cast<float>(value_of(source[i], exponent_bits, mantissa_bits, has_infinity));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(wide[i]) && std::isnan(to_float(narrow[i]))) << i;
      continue;
    }
    EXPECT_EQ(wide[i], expected) << i;
    EXPECT_EQ(std::signbit(wide[i]), std::signbit(expected)) << i;
    EXPECT_EQ(narrow[i].bits, from_float<Bfloat16>(expected).bits) << i;
  }
}

TEST(Convert, KnowsEveryValueOfTheSmallTypes) {
  expect_all_values<std::uint8_t>(SourceType::kF8E4M3, 4, 3, false);
  expect_all_values<std::uint8_t>(SourceType::kF8E5M2, 5, 2, true);
  expect_all_values<std::uint16_t>(SourceType::kF16, 5, 10, true);
}

TEST(Convert, KnowsTheWellKnownValuesOfE4M3) {
  const std::uint8_t bits[] = {0x7e, 0x01, 0x08, 0x38};
  float values[4];
  convert(SourceType::kF8E4M3, bits, Dtype::kFp32, values, 4);
  EXPECT_EQ(values[0], 448);
  EXPECT_EQ(values[1], 0x1p-9f);
  EXPECT_EQ(values[2], 0x1p-6f);
  EXPECT_EQ(values[3], 1);
}

TEST(Convert, RoundsDoublesAsTorchDoes) {
  // bf16 is by way of fp32: 1 + 2^-8 + 2^-40 is above the midpoint, but fp32 drops what is above.
  const double doubles[] = {0.1, -1e300, 1 + 0x1p-8 + 0x1p-40, 1e-46};
  float wide[4];
  Bfloat16 narrow[4];
  convert(SourceType::kF64, doubles, Dtype::kFp32, wide, 4);
  convert(SourceType::kF64, doubles, Dtype::kBf16, narrow, 4);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(wide[i], static_cast<float>(doubles[i]));
    EXPECT_EQ(narrow[i].bits, from_float<Bfloat16>(static_cast<float>(doubles[i])).bits);
  }
  EXPECT_EQ(to_float(narrow[2]), 1);
}

TEST(Convert, CopiesEqualTypesBitForBit) {
  // A signalling NaN's payload would not survive a conversion.
  const std::uint16_t bits[] = {0x7f81, 0x3f80};
  std::uint16_t copy[2];
  convert(SourceType::kBf16, bits, Dtype::kBf16, copy, 2);
  EXPECT_EQ(std::memcmp(bits, copy, sizeof bits), 0);
  EXPECT_TRUE(is_same(SourceType::kF32, Dtype::kFp32));
  EXPECT_FALSE(is_same(SourceType::kF16, Dtype::kBf16));
}

TEST(Convert, ToleratesAnyAlignment) {
  std::vector<unsigned char> source(4 * 37 + 1), destination(2 * 37 + 1);
  for (int i = 0; i < 37; ++i) {
    const float value = static_cast<float>(i) * 1.01f;
    std::memcpy(source.data() + 1 + 4 * i, &value, 4);
  }
  convert(SourceType::kF32, source.data() + 1, Dtype::kBf16, destination.data() + 1, 37);
  for (int i = 0; i < 37; ++i) {
    Bfloat16 value;
    std::memcpy(&value, destination.data() + 1 + 2 * i, 2);
    EXPECT_EQ(value.bits, from_float<Bfloat16>(static_cast<float>(i) * 1.01f).bits);
  }
}

TEST(Convert, KnowsTheFormatsNames) {
  EXPECT_EQ(source_type("F8_E5M2"), SourceType::kF8E5M2);
  EXPECT_EQ(source_type("I64"), std::nullopt);
}

}  // namespace
}  // namespace moebench::weights
