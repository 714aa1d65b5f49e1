#pragma once

#include <cstdint>

#include "harness/base/hash.h"

namespace moebench {

// Keeps the streams of different uses of one seed apart.
enum class Stream : std::uint64_t {
  kOrder = 1,
  kLength = 2,
  kToken = 3,
  kRouting = 4,
  kProjection = 5
};

// Start of the stream of one item (an epoch, a sample, a layer); hashes of key + 0, 1, 2, ...
// follow.
constexpr std::uint64_t stream_key(std::uint64_t seed, Stream stream, std::int64_t item) {
  return mix64(mix64(seed ^ mix64(static_cast<std::uint64_t>(stream))) +
               static_cast<std::uint64_t>(item));
}

// A 64-bit hash mapped to 0 .. bound - 1, with a bias below bound / 2^64.
constexpr std::int64_t below(std::uint64_t hash, std::int64_t bound) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::int64_t>(static_cast<Wide>(hash) * static_cast<Wide>(bound) >> 64);
}

}  // namespace moebench
