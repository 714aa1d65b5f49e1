#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace moebench::weights {

// A file read at given positions; safe to use from several threads.
class InputFile {
 public:
  // Error where the file is missing or no regular file.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const { return size_; }  // bytes, on opening
  int descriptor() const { return fd_; }

  // Fills `out` from `offset` on; Error where the file ends before.
  void read(std::int64_t offset, std::span<std::byte> out) const;

  // Fills several places, one after the other. `parts` is used up.
  void read(std::int64_t offset, std::span<iovec> parts) const;

 private:
  std::filesystem::path path_;
  int fd_;
  std::int64_t size_ = 0;
};

// Flushes the names in a folder to disk.
void sync_folder(const std::filesystem::path& folder);

}  // namespace moebench::weights
