#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/weights/raw_file.h"

namespace moebench::load {

inline constexpr std::int64_t kPageBytes = 4096;
inline constexpr std::int64_t kHugePageBytes = std::int64_t{2} << 20;

// Fresh zeroed memory from the system, given back at the end.
class Memory {
 public:
  // kSystem: what malloc gives for a large block, pages of 4 KiB where transparent huge pages are
  // not always on. kHuge: asks for pages of 2 MiB, whose first touch costs an eighth a byte.
  enum class Pages { kSystem, kHuge };

  Memory() = default;
  Memory(std::int64_t bytes, Pages pages);
  ~Memory();
  Memory(Memory&& other) noexcept { *this = static_cast<Memory&&>(other); }
  Memory& operator=(Memory&& other) noexcept;

  std::byte* data() const { return data_; }  // on a cache line; null where empty

 private:
  void* mapping_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  std::byte* data_ = nullptr;
};

// A file's bytes, read as they are used.
class FileMapping {
 public:
  explicit FileMapping(const weights::InputFile& file);
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  const std::byte* data() const { return static_cast<const std::byte*>(mapping_); }

 private:
  void* mapping_;
  std::size_t num_bytes_;
};

// Writes a byte to (or reads one of) every page of the range, so that the memory behind it exists
// (or is mapped).
void touch_for_writing(std::byte* begin, std::int64_t bytes);
void touch_for_reading(const std::byte* begin, std::int64_t bytes);

}  // namespace moebench::load
