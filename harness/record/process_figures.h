#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace moebench::record {

// A process of a run as seen from outside.
struct ProcessFigure {
  int pid = 0;
  int parent = 0;
  std::string name;     // as the kernel has it, at most 15 characters
  std::string command;  // its arguments, shortened
  // Seconds since the run's start. It began before the first and ended after the last.
  double first_seen_s = 0;
  double last_seen_s = 0;
  double cpu_s = 0;  // until it was last seen
  std::optional<std::int64_t> rss_peak_bytes{};
  std::optional<std::int64_t> pss_peak_bytes{};  // of the samples that took it

  bool operator==(const ProcessFigure&) const = default;
};

// What the processes of a run took. nullopt: not measured.
struct ProcessFigures {
  double wall_s = 0;
  // Of the tree: of all that was waited for where that is known, else of what was seen.
  double cpu_s = 0;
  std::optional<std::int64_t> rss_peak_bytes{};      // of the largest process
  std::optional<std::int64_t> rss_sum_peak_bytes{};  // of the sum of a sample, shared pages counted
                                                     // once a process
  std::optional<std::int64_t> pss_sum_peak_bytes{};  // shared pages counted once
  std::vector<ProcessFigure> processes{};            // in the order in which they were seen
  int num_left_out = 0;  // processes that were seen, but are not in `processes`
  int num_samples = 0;
  int num_pss_samples = 0;
  double interval_s = 0;  // between two samples, median
  double cost_share = 0;  // of a core

  bool operator==(const ProcessFigures&) const = default;
};

// "412 samples, one in 0.20 s; proportional memory 38 times; 0.11 % of a core".
std::string describe_sampling(const ProcessFigures& figures);

// One JSON document, indented; schema.md describes it under processes.json.
std::string to_json(const ProcessFigures& figures);
// Error names the path and the system's reason.
void write_process_figures(const ProcessFigures& figures, const std::filesystem::path& path);

}  // namespace moebench::record
