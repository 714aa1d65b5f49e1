#include "harness/checkpoint/save_owner.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>

#include "harness/base/error.h"
#include "harness/checkpoint/folder.h"

namespace moebench::checkpoint {
namespace {

namespace fs = std::filesystem;

std::string random_name() {
  std::random_device random;
  static_assert(kOwnerLength == 16);
  return fmt::format("{:08x}{:08x}", random(), random());
}

// False where the name was removed, or given to another file, since `fd` was opened.
bool is_still_at(int fd, const fs::path& path) {
  struct stat opened {
  }, named{};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

bool has_temporary_folder(const fs::path& folder, const std::string& owner) {
  for (const UnfinishedSave& save : unfinished_saves(folder)) {
    if (save.owner == owner) return true;
  }
  return false;
}

// Another run's lock, held for as long as its leftovers are being removed.
class FoundLock {
 public:
  // NFS locks for writing only what is open for writing.
  explicit FoundLock(fs::path path)
      : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDWR | O_CLOEXEC)) {
    is_free_ = fd_ < 0 ? errno == ENOENT : ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
  }
  ~FoundLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FoundLock(const FoundLock&) = delete;
  FoundLock& operator=(const FoundLock&) = delete;

  bool is_free() const { return is_free_; }
  void remove_file() const { ::unlink(path_.c_str()); }

 private:
  fs::path path_;
  int fd_;
  bool is_free_;
};

}  // namespace

SaveOwner::SaveOwner(const fs::path& folder) : folder_(folder) {
  for (;;) {
    name_ = random_name();
    const fs::path path = lock_file(folder_, name_);
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd_ < 0) {
      throw Error("cannot make '{}': {}; choose a checkpoint_folder that can be written",
                  path.string(), std::strerror(errno));
    }
    // Where locks do not work the file alone says that its owner lives.
    ::flock(fd_, LOCK_EX | LOCK_NB);
    // Another run may have taken the file for a dead one's before it was locked.
    if (is_still_at(fd_, path)) return;
    ::close(fd_);
  }
}

SaveOwner::~SaveOwner() {
  if (!has_temporary_folder(folder_, name_)) ::unlink(lock_file(folder_, name_).c_str());
  ::close(fd_);
}

void remove_dead_saves(const fs::path& folder) {
  for (const UnfinishedSave& save : unfinished_saves(folder)) {
    if (save.owner.empty()) {  // an older version's, which knew no locks
      fs::remove_all(save.path);
      continue;
    }
    const FoundLock lock(lock_file(folder, save.owner));
    if (lock.is_free()) fs::remove_all(save.path);
  }
  for (const std::string& owner : save_owners(folder)) {
    const FoundLock lock(lock_file(folder, owner));
    if (lock.is_free() && !has_temporary_folder(folder, owner)) lock.remove_file();
  }
}

}  // namespace moebench::checkpoint
