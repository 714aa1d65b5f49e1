#include "harness/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "harness/base/error.h"
#include "harness/base/output_file.h"
#include "harness/base/system_error.h"
#include "harness/base/words.h"

namespace moebench {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { ::close(fd_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

 private:
  int fd_;
};

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "no regular file";
}

// `content` has the size that the file states; it may have grown, and files of /proc state 0. Stops
// where there is more than `max_bytes`.
void read_all(int fd, std::size_t max_bytes, std::string& content, const std::string& cannot_read) {
  constexpr std::size_t kMore = 1 << 16;
  std::size_t size = 0;
  while (size <= max_bytes) {
    if (size == content.size()) content.resize(size + kMore);
    const ssize_t count = ::read(fd, content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, cannot_read);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  content.resize(size);
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const std::string cannot_read =
      "cannot read '" + shortened(path.string(), kLongestShownPath) + "'";
  // A pipe without a writer would not open before one comes.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw_errno(errno, cannot_read);
  const FileDescriptor descriptor(fd);
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw_errno(errno, cannot_read);
  if (!S_ISREG(status.st_mode)) {
    throw Error("{}: it is {}; name a regular file", cannot_read, kind_of(status.st_mode));
  }
  std::string content(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)), '\0');
  if (content.size() <= max_bytes) read_all(fd, max_bytes, content, cannot_read);
  if (content.size() <= max_bytes) return content;
  throw Error("{}: it holds more than {} MiB; is it the file that you mean?", cannot_read,
              max_bytes >> 20);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  OutputFile file(path);
  file.append(content);
  file.commit();
}

void append_line(const std::filesystem::path& path, std::string_view line) {
  const std::string text = std::string(line) + '\n', name = "'" + path.string() + "'";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) throw_errno(errno, "cannot write " + name);
  const FileDescriptor closing(fd);
  write_all(fd, std::as_bytes(std::span(text)), name);
  sync_to_disk(fd, name);
}

}  // namespace moebench
