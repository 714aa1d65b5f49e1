#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace moebench::launch {

// Holds what rank 0 last said on its stdout.
struct RankProgress {
  std::string phase;  // probe, load, warmup, steps, save, memory, ...
  std::int64_t step = 0;
  std::int64_t of = 0;
  double tokens_per_second = 0;  // 0 = not known yet
};

// "progress: phase=steps step=3 of=10 tokens_per_second=812.5"; nullopt for any other line.
std::optional<RankProgress> parse_progress(std::string_view line);

// Follows a growing stdout file.
class ProgressReader {
 public:
  explicit ProgressReader(std::filesystem::path path) : path_(std::move(path)) {}
  // The newest progress since the last call, nullopt where there is none.
  std::optional<RankProgress> poll();

 private:
  std::filesystem::path path_;
  std::streamoff offset_ = 0;
};

}  // namespace moebench::launch
