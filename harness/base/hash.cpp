#include "harness/base/hash.h"

#include <fmt/core.h>

namespace moebench {

std::uint64_t hash64(std::string_view bytes) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (unsigned char byte : bytes) h = (h ^ byte) * 0x100000001b3ULL;
  return mix64(h);
}

std::string hash_hex(std::string_view bytes, int num_digits) {
  return fmt::format("{:016x}", hash64(bytes)).substr(0, static_cast<std::size_t>(num_digits));
}

}  // namespace moebench
