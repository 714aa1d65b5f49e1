#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "harness/record/record.h"

namespace moebench::launch {

// Holds what rank 0 last said on its stdout.
struct RankProgress {
  std::string phase;  // load, warmup, steps, save, memory
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

// Shows a run: one line that is rewritten on a terminal, else one line a start and an end.
class ProgressDisplay {
 public:
  ProgressDisplay(std::ostream& out, bool is_terminal, int num_runs);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void start_run(const std::string& name);
  void update(const RankProgress& progress);
  // "ok", or its disposition and message.
  void end_run(const record::CellRecord& record);
  void end_run(const std::string& result);

 private:
  using Clock = std::chrono::steady_clock;

  void rewrite(const std::string& line);
  void clear();
  std::string time_left() const;

  std::ostream& out_;
  bool is_terminal_;
  int num_runs_;
  int num_started_ = 0;
  std::string name_;
  RankProgress progress_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point run_begin_ = begin_;
};

}  // namespace moebench::launch
