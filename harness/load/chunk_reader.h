#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <semaphore>
#include <span>
#include <vector>

#include "harness/load/memory.h"
#include "harness/load/page_cache.h"
#include "harness/load/read_plan.h"
#include "harness/load/strategies.h"

namespace moebench::load {

// Reads past the page cache (O_DIRECT).
class DirectFile {
 public:
  explicit DirectFile(const std::filesystem::path& path);
  ~DirectFile();
  DirectFile(const DirectFile&) = delete;
  DirectFile& operator=(const DirectFile&) = delete;

  // False where the file system does not know such reads.
  bool is_open() const { return fd_ >= 0; }

  // Reads bytes [begin, end) and what is around them up to multiples of 4 KiB to `buffer`, which is
  // on a page and has room. Returns where `begin` lies in it; nullopt where the system refuses.
  std::optional<std::int64_t> read(std::int64_t begin, std::int64_t end, std::byte* buffer) const;

 private:
  std::filesystem::path path_;
  int fd_;
};

// Brings the chunks of a load to memory: from the page cache what is in it, past it what is not,
// unless the options say otherwise. Several workers use it at once.
class ChunkSource {
 public:
  ChunkSource(LoadJob& job, const std::vector<Chunk>& chunks);

  // Tells whether the i-th chunk is read past the page cache; then several reads at a time pay.
  bool is_direct(std::size_t i) const { return is_direct_[i]; }
  bool any_direct() const;

  // Adds what was read to the report at the end.
  void write(LoadReport& report) const;

  // Reads the i-th chunk and puts its segments in their place. `compute` bounds how many do more
  // than wait for the disk. `buffer`: see buffer_bytes.
  void load(std::size_t i, std::counting_semaphore<>& compute, std::byte* buffer,
            std::vector<std::byte>& scratch, StageClock& clock);

  // Reads the i-th chunk to `buffer`; returns where it begins there.
  std::int64_t read(std::size_t i, std::byte* buffer, StageClock& clock);

  // Room that a buffer, which begins on a page, needs for a chunk of `bytes`.
  static constexpr std::int64_t buffer_bytes(std::int64_t bytes) { return bytes + 2 * kPageBytes; }

 private:
  std::int64_t read_direct(std::size_t i, std::byte* buffer, StageClock& clock);
  void read_to_place(const Chunk& chunk, std::byte* buffer, StageClock& clock);

  LoadJob& job_;
  const std::vector<Chunk>& chunks_;
  std::vector<bool> is_direct_;
  std::map<const weights::SafetensorsReader*, std::unique_ptr<DirectFile>> direct_files_;
  std::atomic<std::int64_t> bytes_read_{0}, bytes_direct_{0};
};

}  // namespace moebench::load
