#pragma once

#include <cstddef>
#include <cstdint>

namespace moebench::weights {

// Variance of the sum of four uniforms on 0 .. 65535: 4 (65536^2 - 1) / 12.
inline constexpr double kSeededSumVariance = (65536.0 * 65536.0 - 1) / 3;

// values[i] = scale x (sum of the four 16-bit parts of output begin + i of the splitmix64 stream
// that starts at `key`, less its mean). Integers until the multiplication, whose single rounding is
// the same everywhere. In a file of its own, which is compiled for this machine.
void fill_seeded(std::uint64_t key, std::int64_t begin, float scale, float* values,
                 std::size_t count);

}  // namespace moebench::weights
