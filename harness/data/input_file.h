#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace moebench::data {

// A file mapped for reading: ranks on one host share its pages.
class MappedFile {
 public:
  // Error where the file is missing (with the package to install, where one is known), no regular
  // file, or empty.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const unsigned char> bytes() const { return bytes_; }

 private:
  std::span<const unsigned char> bytes_;
};

// Maps `paths` in order; Error where there are none. `source` is the data source's name.
std::vector<MappedFile> map_files(const std::vector<std::string>& paths, const char* source);

}  // namespace moebench::data
