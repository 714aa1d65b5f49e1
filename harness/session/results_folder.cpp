#include "harness/session/results_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/system_error.h"
#include "harness/base/words.h"
#include "harness/record/results_file.h"

namespace moebench::session {

namespace fs = std::filesystem;

fs::path results_path(const std::string& out, const std::string& file, const std::string& suffix) {
  if (!out.empty()) return out;
  return fs::path("results") / (fs::path(file).stem().string() + suffix);
}

namespace {

// Which byte of the lock file stands for a cell: its id as a number.
off_t byte_of(const std::string& id) {
  const auto number = parse_hex<std::uint64_t>(id);
  MOEBENCH_CHECK(number.has_value());
  return static_cast<off_t>(*number);
}

}  // namespace

ResultsFolder::ResultsFolder(const fs::path& path) : path_(path) {
  open();
  if (lock(0, 0)) return;
  ::close(lock_);
  throw Error("another run writes to '{}'; wait for its end or choose another --out",
              path.string());
}

ResultsFolder::ResultsFolder(const fs::path& path, const std::vector<std::string>& cells)
    : path_(path) {
  open();
  for (const std::string& id : cells) {
    if (lock(byte_of(id), 1)) continue;
    ::close(lock_);
    throw Error("another run measures cell {} into '{}'; wait for its end or choose another --out",
                id, path.string());
  }
}

void ResultsFolder::open() {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error)
    throw_errno(error.value(),
                "cannot make the folder '" + shortened(path_.string(), kLongestShownPath) + "'");
  const fs::path lock_path = path_ / ".lock";
  lock_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) throw_errno(errno, "cannot write '" + lock_path.string() + "'");
}

bool ResultsFolder::lock(off_t begin, off_t size) {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = begin;
  range.l_len = size;
  // Of the open file, not of the process: the latter's would go with any other descriptor of it.
  if (::fcntl(lock_, F_OFD_SETLK, &range) == 0) return true;
  const int reason = errno;
  if (reason == EAGAIN || reason == EACCES) return false;
  // As on parallel file systems that are mounted without locks.
  if (reason == ENOSYS || reason == EOPNOTSUPP || reason == ENOLCK) return true;
  ::close(lock_);
  throw_errno(reason, "cannot lock '" + (path_ / ".lock").string() + "'");
}

ResultsFolder::~ResultsFolder() { ::close(lock_); }

void ResultsFolder::remove_results() const {
  if (!record::has_results(path_)) return;
  std::error_code error;
  fs::remove_all(path_ / "cells", error);
  if (error) {
    throw_errno(error.value(), "cannot remove the results in '" + path_.string() + "'");
  }
  record::remove_results(path_);
}

}  // namespace moebench::session
