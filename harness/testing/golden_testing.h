#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "harness/base/file.h"

namespace moebench {

// MOEBENCH_UPDATE_GOLDEN=1 rewrites the files instead of comparing; look at the difference then.
inline void expect_golden(const std::string& file, const std::string& text) {
  const auto path = std::filesystem::path(MOEBENCH_GOLDEN_FOLDER) / file;
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN")) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

}  // namespace moebench
