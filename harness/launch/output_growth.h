#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "harness/launch/progress.h"

namespace moebench::launch {

// Takes for progress of a program that says none that the files in its folder grow: stdout, stderr,
// events, logs; those in folders within it, too.
class OutputGrowth {
 public:
  explicit OutputGrowth(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // nullopt where no file has grown since the last call.
  std::optional<RankProgress> poll();

 private:
  std::filesystem::path folder_;
  std::uintmax_t bytes_ = 0;
};

}  // namespace moebench::launch
