#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace moebench::checkpoint {

// XXH3 of 128 bits over a stream of bytes, as xxhash's library computes it. It finds every damage
// that chance does, at the speed of memory; it is no proof against a forger.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;

  void add(std::span<const std::byte> bytes);
  std::string hex() const;  // of what was added so far; 32 digits, as `xxhsum -H2` prints it

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string hash_of(std::span<const std::byte> bytes);

// Error where the file cannot be read.
std::string hash_of_file(const std::filesystem::path& path);

}  // namespace moebench::checkpoint
