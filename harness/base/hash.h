#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace moebench {

// FNV-1a over the bytes, finished with splitmix64's mixer so that similar texts differ in all bits.
std::uint64_t hash64(std::string_view bytes);

// Takes one step of splitmix64 (Steele, Lea, Flood 2014), a bijective mixer of 64 bits.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// The first `num_digits` (at most 16) hexadecimal digits of hash64.
std::string hash_hex(std::string_view bytes, int num_digits = 12);

}  // namespace moebench
