#include "harness/session/results_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "harness/base/error.h"
#include "harness/base/system_error.h"
#include "harness/base/words.h"

namespace moebench::session {

namespace fs = std::filesystem;

fs::path results_path(const std::string& out, const std::string& file, const std::string& suffix) {
  if (!out.empty()) return out;
  return fs::path("results") / (fs::path(file).stem().string() + suffix);
}

ResultsFolder::ResultsFolder(const fs::path& path) : path_(path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    throw_errno(error.value(),
                "cannot make the folder '" + shortened(path.string(), kLongestShownPath) + "'");
  const fs::path lock_path = path / ".lock";
  lock_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) throw_errno(errno, "cannot write '" + lock_path.string() + "'");
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  ::close(lock_);
  if (reason != EWOULDBLOCK) throw_errno(reason, "cannot lock '" + lock_path.string() + "'");
  throw Error("another run writes to '{}'; wait for its end or choose another --out",
              path.string());
}

ResultsFolder::~ResultsFolder() { ::close(lock_); }

void ResultsFolder::remove_results() const {
  if (!fs::is_regular_file(path_ / "results.jsonl")) return;
  std::error_code error;
  fs::remove_all(path_ / "cells", error);
  if (!error) fs::remove(path_ / "results.jsonl", error);
  if (error) {
    throw_errno(error.value(), "cannot remove the results in '" + path_.string() + "'");
  }
}

}  // namespace moebench::session
