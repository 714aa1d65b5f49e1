#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/config/cell.h"

namespace moebench::data {

// Writes a file that the running test alone uses; returns its path.
inline std::string test_file(const std::string& name, std::string_view content) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = std::filesystem::path(::testing::TempDir()) / "moebench_data_test" /
                      (std::string(test->test_suite_name()) + "." + test->name());
  std::filesystem::create_directories(folder);
  write_file_atomically(folder / name, content);
  return (folder / name).string();
}

inline config::CellConfig data_cell(config::DataSource source, std::vector<std::string> files) {
  config::CellConfig cell;
  cell.model.name = "mini";
  cell.model.vocab_size = 4096;
  cell.seq_len = 8;
  cell.data.source = source;
  cell.data.files = std::move(files);
  return cell;
}

// What `call` complains about; "" where it does not.
template <typename Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace moebench::data
