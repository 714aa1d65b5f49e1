#include "harness/base/bfloat16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace moebench {
namespace {

float from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }

TEST(Bfloat16, EveryValueRoundTrips) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const Bfloat16 value{static_cast<std::uint16_t>(bits)};
    const Bfloat16 back = from_float<Bfloat16>(to_float(value));
    if (std::isnan(to_float(value))) {
      // Quietened, with its sign and payload.
      EXPECT_EQ(back.bits, bits | 0x40u);
    } else {
      EXPECT_EQ(back.bits, bits);
    }
  }
}

TEST(Bfloat16, RoundsToNearestWithTiesToEven) {
  // This tries values between each value and its successor: below, at and above the midpoint,
  // either sign.
  for (std::uint32_t low = 0; low < 0x7f80; ++low) {
    const std::uint32_t even = low + (low & 1u);
    for (std::uint32_t sign : {0u, 0x8000u}) {
      const std::uint32_t base = (sign | low) << 16;
      EXPECT_EQ(from_float<Bfloat16>(from_bits(base | 0x7fffu)).bits, sign | low);
      EXPECT_EQ(from_float<Bfloat16>(from_bits(base | 0x8000u)).bits, sign | even);
      EXPECT_EQ(from_float<Bfloat16>(from_bits(base | 0x8001u)).bits, sign | (low + 1));
    }
  }
}

TEST(Bfloat16, OverflowsToInfinityAndKeepsNan) {
  EXPECT_EQ(from_float<Bfloat16>(std::numeric_limits<float>::max()).bits, 0x7f80);
  EXPECT_EQ(from_float<Bfloat16>(-std::numeric_limits<float>::infinity()).bits, 0xff80);
  // NaNs whose payload lies in the dropped half, or would carry into the exponent.
  for (std::uint32_t bits : {0x7f800001u, 0x7f80ffffu, 0x7fffffffu, 0xff800001u, 0xffffffffu}) {
    const float rounded = to_float(from_float<Bfloat16>(from_bits(bits)));
    EXPECT_TRUE(std::isnan(rounded)) << std::hex << bits;
    EXPECT_EQ(std::signbit(rounded), (bits >> 31) != 0) << std::hex << bits;
  }
}

}  // namespace
}  // namespace moebench
