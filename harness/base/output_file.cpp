#include "harness/base/output_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/system_error.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kReaderPatience(2);
constexpr int kMaxLinks = 40;  // as the kernel follows

[[noreturn]] void fail(const std::string& name, int error) {
  throw_errno(error, "cannot write " + name);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

// Links of the last part of a path, followed also where they lead to nothing.
fs::path follow_links(fs::path path) {
  std::error_code error;
  for (int i = 0; i < kMaxLinks; ++i) {
    const fs::path target = fs::read_symlink(path, error);
    if (error) return path;
    path = path.parent_path() / target;  // which an absolute one replaces
  }
  fail(quoted(path), ELOOP);
}

// The descriptor that a path means, as /dev/stdout does.
std::optional<int> own_descriptor(fs::path path) {
  std::error_code error;
  const fs::path here = fs::canonical("/proc/self/fd", error);
  for (int i = 0; i < kMaxLinks && !error && fs::is_symlink(path, error); ++i) {
    if (fs::canonical(folder_of(path), error) == here) {
      return parse_number<int>(path.filename().string());
    }
    path = path.parent_path() / fs::read_symlink(path, error);
  }
  return std::nullopt;
}

// Copies the owner too, where this process may; where not, nobody gets another one's rights.
void copy_permissions(const struct stat& from, int fd) {
  const bool has_owner = ::fchown(fd, from.st_uid, from.st_gid) == 0;
  ::fchmod(fd, from.st_mode & (has_owner ? 07777U : 0777U));
}

// A FIFO without a reader would be waited for without end, and without a word.
int open_through(const fs::path& path, bool is_fifo) {
  const auto deadline = std::chrono::steady_clock::now() + kReaderPatience;
  while (true) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | (is_fifo ? O_NONBLOCK : 0));
    if (fd >= 0 && is_fifo) ::fcntl(fd, F_SETFL, 0);
    if (fd >= 0) return fd;
    if (!is_fifo || errno != ENXIO) fail(quoted(path), errno);
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error("cannot write '{}': nobody reads from this FIFO; start its reader first",
                  path.string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

int duplicate(int fd, const fs::path& path) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) fail(quoted(path), errno);
  return copy;
}

}  // namespace

OutputFile::OutputFile(const fs::path& path) : path_(path) {
  if (const auto descriptor = own_descriptor(path)) {
    fd_ = duplicate(*descriptor, path);
    return;
  }
  struct stat there {};
  const bool exists = ::stat(path.c_str(), &there) == 0;
  if (exists && S_ISDIR(there.st_mode)) fail(name(), EISDIR);
  if (exists && !S_ISREG(there.st_mode)) {
    fd_ = open_through(path, S_ISFIFO(there.st_mode));
    return;
  }
  if (exists && ::access(path.c_str(), W_OK) != 0) fail(name(), errno);
  target_ = follow_links(path);
  open_temporary();
  if (exists) copy_permissions(there, fd_);
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (temporary_.empty()) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void OutputFile::append(std::span<const std::byte> bytes) { write_all(fd_, bytes, name()); }

void OutputFile::commit() {
  sync_to_disk(fd_, name());
  if (!temporary_.empty()) {
    std::error_code error;
    fs::rename(temporary_, target_, error);
    if (error) fail(name(), error.value());
  }
  ::close(std::exchange(fd_, -1));
}

// A short name, so that none is too long that the file's own is not. Other processes, also of
// other hosts, may write here too.
void OutputFile::open_temporary() {
  static std::atomic<unsigned> counter = 0;
  do {
    temporary_ = target_.parent_path() / fmt::format(".tmp.{:x}.{:x}", ::getpid(), counter++);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  } while (fd_ < 0 && errno == EEXIST);
  if (fd_ < 0) fail(name(), errno);
}

std::string OutputFile::name() const { return quoted(path_); }

void write_all(int fd, std::span<const std::byte> bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {  // someone else has made it so that writes do not wait
      pollfd writable{fd, POLLOUT, 0};
      ::poll(&writable, 1, -1);
      continue;
    }
    if (count < 0) fail(name, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void sync_to_disk(int fd, const std::string& name) {
  // Pipes, terminals and devices have nothing to flush.
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) fail(name, errno);
}

}  // namespace moebench
