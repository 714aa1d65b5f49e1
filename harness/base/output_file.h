#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace moebench {

// A file written from its start to its end, whatever its path names:
//   - a regular file, or none yet: the content has a temporary name beside it until commit(), and
//     is removed where that never happens. Readers see the old content or the new one, never a
//     part. Permissions stay those of the file that is replaced.
//   - a symbolic link: what it leads to, by these rules; the link stays.
//   - a device, a FIFO, a file descriptor of this process (/dev/stdout, /proc/self/fd/3): written
//     through, byte by byte; nothing is replaced. A FIFO's reader must come within two seconds.
//   - a folder, or a file without write permission: an Error.
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
  void open_temporary();
  std::string name() const;

  std::filesystem::path path_;       // as it was given, for messages
  std::filesystem::path target_;     // where links lead
  std::filesystem::path temporary_;  // empty: written through
  int fd_ = -1;                      // -1 once committed
};

// Writes all bytes to an open descriptor, which messages call `name`. Throws SystemError where
// something cannot be written.
void write_all(int fd, std::span<const std::byte> bytes, const std::string& name);

// Flushes to the disk, where the descriptor is of something that has one.
void sync_to_disk(int fd, const std::string& name);

}  // namespace moebench
