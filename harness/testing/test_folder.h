#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"

namespace moebench {

// A folder of its own with files in it, gone with the object.
class TestFolder {
 public:
  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path write(const std::filesystem::path& name, std::string_view content) const {
    const std::filesystem::path file = path() / name;
    std::filesystem::create_directories(file.parent_path());
    write_file_atomically(file, content);
    return file;
  }

 private:
  TemporaryFolder folder_;
};

// The folder of the running test, which may not exist yet; gone with the process.
inline std::filesystem::path folder_of_this_test() {
  static const TemporaryFolder of_process;
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return of_process.path() / test->test_suite_name() / test->name();
}

// A folder that the running test alone uses, empty after each call.
inline std::filesystem::path test_folder() {
  const std::filesystem::path folder = folder_of_this_test();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

// Writes a file that the running test alone uses, beside its others; returns its path.
inline std::string test_file(const std::string& name, std::string_view content) {
  const std::filesystem::path folder = folder_of_this_test();
  std::filesystem::create_directories(folder);
  write_file_atomically(folder / name, content);
  return (folder / name).string();
}

}  // namespace moebench
