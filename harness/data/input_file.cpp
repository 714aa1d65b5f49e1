#include "harness/data/input_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/suite_files.h"

namespace moebench::data {
namespace {

constexpr const char* kFortunesFolder = "/usr/share/games/fortunes/";

// A pipe without a writer would not open before one comes.
constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

// A file of Debian's package, where tools/setup --user has unpacked that.
int open_unpacked(const std::string& path) {
  const auto cache = user_cache();
  return cache ? ::open((cache->string() + "/debian" + path).c_str(), kFlags) : -1;
}

int open_for_reading(const std::string& path) {
  int fd = ::open(path.c_str(), kFlags);
  if (fd >= 0) return fd;
  const int error = errno;
  const bool is_fortune = error == ENOENT && path.starts_with(kFortunesFolder);
  if (is_fortune && (fd = open_unpacked(path)) >= 0) return fd;
  throw Error("cannot read data file '{}': {}; {}", path, std::strerror(error),
              is_fortune ? "install Debian's package 'fortunes', or run tools/setup --user"
                         : "correct the path under 'files' of the scenario's data");
}

std::size_t regular_size(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error("cannot read data file '{}': it is no regular file; name its files one by one",
                path);
  }
  if (status.st_size == 0) {
    throw Error("data file '{}' is empty; remove it from 'files' or fill it", path);
  }
  return static_cast<std::size_t>(status.st_size);
}

std::span<const unsigned char> map(int fd, const std::string& path) {
  const std::size_t size = regular_size(fd, path);
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) {
    throw Error("cannot map data file '{}': {}; copy it to a local file system", path,
                std::strerror(errno));
  }
  return {static_cast<const unsigned char*>(start), size};
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const int fd = open_for_reading(path);
  try {
    bytes_ = map(fd, path);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile::~MappedFile() {
  if (bytes_.empty()) return;
  ::munmap(const_cast<unsigned char*>(bytes_.data()), bytes_.size());
}

std::vector<MappedFile> map_files(const std::vector<std::string>& paths, const char* source) {
  if (paths.empty()) {
    throw Error("data source '{}' has no files; list at least one under 'files'", source);
  }
  std::vector<MappedFile> files;
  files.reserve(paths.size());
  for (const std::string& path : paths) files.emplace_back(path);
  return files;
}

}  // namespace moebench::data
