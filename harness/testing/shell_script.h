#pragma once

#include <filesystem>
#include <string>

#include "harness/base/file.h"

namespace moebench {

// Writes a program for tests: lines of /bin/sh. Makes the file's folder; returns the file.
inline std::filesystem::path write_shell_script(const std::filesystem::path& file,
                                                const std::string& lines) {
  std::filesystem::create_directories(file.parent_path());
  write_file_atomically(file, "#!/bin/sh\n" + lines + "\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  return file;
}

}  // namespace moebench
