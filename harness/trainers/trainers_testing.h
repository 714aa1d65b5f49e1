#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"
#include "harness/trainers/adapter.h"

namespace moebench::trainers {

inline std::filesystem::path trainers_folder() { return MOEBENCH_TRAINERS_FOLDER; }

// The files below fixtures/<folder>, in the order of their names.
inline std::vector<std::filesystem::path> fixture(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  const auto root = trainers_folder() / "fixtures" / folder;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

inline TrainerLog read_fixture(const std::string& folder, const std::string& adapter,
                               const AdapterOptions& options = {}) {
  return read_log(find_adapter(adapter), fixture(folder), options);
}

// A log that the running test alone reads.
inline TrainerLog read_text(const std::string& adapter, const std::string& text,
                            const std::string& name = "stdout",
                            const AdapterOptions& options = {}) {
  return read_log(find_adapter(adapter), {test_file(name, text)}, options);
}

// The only rank that the log speaks of.
inline RankLog only_rank(const TrainerLog& log) {
  EXPECT_EQ(log.ranks.size(), 1u);
  return log.ranks.empty() ? RankLog() : log.ranks.front();
}

inline std::vector<std::int64_t> numbers_of(const RankLog& rank_log) {
  std::vector<std::int64_t> numbers;
  for (const Step& step : rank_log.steps) numbers.push_back(step.number);
  return numbers;
}

// One member of all steps; NaN where a step does not have it.
inline std::vector<double> values_of(const RankLog& rank_log, std::optional<double> Step::*member) {
  std::vector<double> values;
  for (const Step& step : rank_log.steps) {
    values.push_back((step.*member).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return values;
}

}  // namespace moebench::trainers
