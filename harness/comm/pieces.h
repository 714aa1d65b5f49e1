#pragma once

#include <cstdint>
#include <numeric>
#include <span>

namespace moebench::comm {

// Sums the sizes of the pieces of an all-to-all.
inline std::int64_t total(std::span<const std::int64_t> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::int64_t{0});
}

}  // namespace moebench::comm
