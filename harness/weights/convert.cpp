#include "harness/weights/convert.h"

#include <bit>
#include <cstring>
#include <limits>

#include "harness/base/bfloat16.h"
#include "harness/base/check.h"

namespace moebench::weights {
namespace {

struct Float16 {
  std::uint16_t bits;
};
struct Float8E4M3 {
  std::uint8_t bits;
};
struct Float8E5M2 {
  std::uint8_t bits;
};

constexpr float to_float(double value) { return static_cast<float>(value); }

// A subnormal half is a whole multiple of 2^-24.
constexpr float to_float(Float16 half) {
  const std::uint32_t sign = (half.bits & 0x8000u) << 16;
  const std::uint32_t exponent = half.bits >> 10 & 0x1fu;
  const std::uint32_t mantissa = half.bits & 0x3ffu;
  const float subnormal = static_cast<float>(mantissa) * 0x1p-24f;
  const std::uint32_t wide_exponent = exponent == 0x1f ? 0xffu : exponent + 112;
  const std::uint32_t magnitude = exponent == 0 ? std::bit_cast<std::uint32_t>(subnormal)
                                                : wide_exponent << 23 | mantissa << 13;
  return std::bit_cast<float>(sign | magnitude);
}

// The upper half of a Float16.
constexpr float to_float(Float8E5M2 value) {
  return to_float(Float16{static_cast<std::uint16_t>(value.bits << 8)});
}

// Bias 7, no infinity: all ones are NaN. (Micikevicius et al. 2022, FP8 formats for deep learning)
constexpr float e4m3_to_float(std::uint32_t bits) {
  const std::uint32_t sign = (bits & 0x80u) << 24;
  const std::uint32_t exponent = bits >> 3 & 0xfu;
  const std::uint32_t mantissa = bits & 7u;
  float magnitude = static_cast<float>(mantissa) * 0x1p-9f;
  if (exponent != 0) {
    magnitude = std::bit_cast<float>((exponent + 120) << 23 | mantissa << 20);
  }
  if ((bits & 0x7fu) == 0x7fu) magnitude = std::numeric_limits<float>::quiet_NaN();
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

constexpr std::array<float, 256> kE4M3Values = [] {
  std::array<float, 256> values{};
  for (std::uint32_t bits = 0; bits < 256; ++bits) values[bits] = e4m3_to_float(bits);
  return values;
}();

constexpr float to_float(Float8E4M3 value) { return kE4M3Values[value.bits]; }

template <typename From, typename To>
void convert_all(const void* source, void* destination, std::int64_t count) {
  using moebench::to_float;
  using weights::to_float;
  const auto* in = static_cast<const unsigned char*>(source);
  auto* out = static_cast<unsigned char*>(destination);
  for (std::int64_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, in + i * static_cast<std::int64_t>(sizeof(From)), sizeof(From));
    const To converted = from_float<To>(to_float(value));
    std::memcpy(out + i * static_cast<std::int64_t>(sizeof(To)), &converted, sizeof(To));
  }
}

template <typename To>
void convert_to(SourceType from, const void* source, void* destination, std::int64_t count) {
  switch (from) {
    case SourceType::kF64:
      return convert_all<double, To>(source, destination, count);
    case SourceType::kF32:
      return convert_all<float, To>(source, destination, count);
    case SourceType::kF16:
      return convert_all<Float16, To>(source, destination, count);
    case SourceType::kBf16:
      return convert_all<Bfloat16, To>(source, destination, count);
    case SourceType::kF8E4M3:
      return convert_all<Float8E4M3, To>(source, destination, count);
    case SourceType::kF8E5M2:
      return convert_all<Float8E5M2, To>(source, destination, count);
  }
}

}  // namespace

SourceType stored_type(config::Dtype dtype) {
  switch (dtype) {
    case config::Dtype::kBf16:
      return SourceType::kBf16;
    case config::Dtype::kFp32:
      return SourceType::kF32;
  }
  MOEBENCH_CHECK(!"a dtype outside its enumeration");
}

std::int64_t element_bytes(SourceType type) {
  switch (type) {
    case SourceType::kF64:
      return 8;
    case SourceType::kF32:
      return 4;
    case SourceType::kF16:
    case SourceType::kBf16:
      return 2;
    default:
      return 1;
  }
}

bool is_same(SourceType from, config::Dtype to) { return from == stored_type(to); }

void convert(SourceType from, const void* source, config::Dtype to, void* destination,
             std::int64_t count) {
  if (is_same(from, to)) {
    std::memcpy(destination, source, static_cast<std::size_t>(count * element_bytes(from)));
    return;
  }
  switch (to) {
    case config::Dtype::kBf16:
      return convert_to<Bfloat16>(from, source, destination, count);
    case config::Dtype::kFp32:
      return convert_to<float>(from, source, destination, count);
  }
}

}  // namespace moebench::weights
