#include "harness/checkpoint/content_hash.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>
#include <new>
#include <vector>

#include "harness/weights/raw_file.h"

namespace moebench::checkpoint {

struct ContentHash::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() {
    if (xxh == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(xxh);
  }
  ~State() { XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {}
ContentHash::~ContentHash() = default;

void ContentHash::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::string ContentHash::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string hash_of(std::span<const std::byte> bytes) {
  ContentHash hash;
  hash.add(bytes);
  return hash.hex();
}

std::string hash_of_file(const std::filesystem::path& path) {
  constexpr std::int64_t kBlockBytes = 1 << 20;
  const weights::InputFile file(path);
  ContentHash hash;
  std::vector<std::byte> block(static_cast<std::size_t>(std::min(kBlockBytes, file.size())));
  for (std::int64_t at = 0; at < file.size(); at += kBlockBytes) {
    const auto count = static_cast<std::size_t>(std::min(kBlockBytes, file.size() - at));
    const auto part = std::span(block).first(count);
    file.read(at, part);
    hash.add(part);
  }
  return hash.hex();
}

}  // namespace moebench::checkpoint
