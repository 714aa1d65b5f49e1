#include "harness/weights/raw_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>

#include "harness/base/error.h"
#include "harness/base/system_error.h"

namespace moebench::weights {
namespace {

[[noreturn]] void fail(const char* action, const std::filesystem::path& path, int error) {
  throw_errno(error, fmt::format("cannot {} '{}'", action, path.string()));
}

// Leaves out the first `count` bytes.
void advance(std::span<iovec>& parts, std::size_t count) {
  while (count > 0) {
    iovec& part = parts.front();
    const std::size_t done = std::min(count, part.iov_len);
    part.iov_base = static_cast<std::byte*>(part.iov_base) + done;
    part.iov_len -= done;
    count -= done;
    if (part.iov_len == 0) parts = parts.subspan(1);
  }
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (fd_ < 0) fail("read", path, errno);
  struct stat status {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd_);
    throw Error("cannot read '{}': it is no regular file", path.string());
  }
  size_ = status.st_size;
}

InputFile::~InputFile() { ::close(fd_); }

void InputFile::read(std::int64_t offset, std::span<std::byte> out) const {
  iovec part{out.data(), out.size()};
  read(offset, std::span(&part, 1));
}

void InputFile::read(std::int64_t offset, std::span<iovec> parts) const {
  while (!parts.empty()) {
    if (parts.front().iov_len == 0) {
      parts = parts.subspan(1);
      continue;
    }
    const auto num_parts = std::min<std::size_t>(parts.size(), IOV_MAX);
    const ssize_t count = ::preadv(fd_, parts.data(), static_cast<int>(num_parts), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path_, errno);
    if (count == 0) {
      throw Error("'{}' ends at byte {}; it was cut short while in use, copy it again",
                  path_.string(), offset);
    }
    offset += count;
    advance(parts, static_cast<std::size_t>(count));
  }
}

void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("flush", folder, errno);
  // Some network file systems have no fsync for folders and say EINVAL.
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0 && error != EINVAL) fail("flush", folder, error);
}

}  // namespace moebench::weights
