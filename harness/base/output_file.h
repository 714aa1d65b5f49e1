#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace moebench {

// A new file written from its start to its end. It has a temporary name until commit(), and is
// removed where that never happens: readers see the old content or the new one, never a part.
// Errors name the path and the system's reason.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void append(std::span<const std::byte> bytes);
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }

  // Flushes to disk and renames.
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int fd_;  // -1 once committed
};

}  // namespace moebench
