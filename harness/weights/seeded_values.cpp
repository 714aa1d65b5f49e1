#include "harness/weights/seeded_values.h"

#include "harness/base/hash.h"

namespace moebench::weights {

void fill_seeded(std::uint64_t key, std::int64_t begin, float scale, float* values,
                 std::size_t count) {
  constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15ULL;
  constexpr std::uint64_t kEvenParts = 0x0000ffff0000ffffULL;
  constexpr std::int32_t kSumMean = 2 * 65535;
  const std::uint64_t first = key + static_cast<std::uint64_t>(begin) * kGamma;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t hash = mix64(first + i * kGamma);
    const std::uint64_t pairs = (hash & kEvenParts) + (hash >> 16 & kEvenParts);
    const auto sum = static_cast<std::int32_t>((pairs & 0xffffffffULL) + (pairs >> 32));
    values[i] = static_cast<float>(sum - kSumMean) * scale;
  }
}

}  // namespace moebench::weights
