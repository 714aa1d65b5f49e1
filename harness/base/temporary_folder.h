#pragma once

#include <filesystem>
#include <string>

namespace moebench {

// A new folder below the system's temporary folder (TMPDIR), removed with everything in it at the
// end. Error where it cannot be made.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& prefix = "moebench-test");
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace moebench
