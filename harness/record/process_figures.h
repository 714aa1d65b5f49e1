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
  std::string name{};     // as the kernel has it, at most 15 characters
  std::string command{};  // its arguments, shortened
  // Seconds since the run's start. It began before the first and ended after the last.
  double first_seen_s = 0;
  double last_seen_s = 0;
  double cpu_s = 0;  // until it was last seen
  std::optional<std::int64_t> rss_peak_bytes{};
  std::optional<std::int64_t> pss_peak_bytes{};  // of the samples that took it

  bool operator==(const ProcessFigure&) const = default;
};

// What one of them held of a GPU's memory.
struct GpuProcessFigure {
  int pid = 0;
  std::optional<std::int64_t> memory_peak_bytes{};

  bool operator==(const GpuProcessFigure&) const = default;
};

// A GPU over a run. Power, energy and its memory are the device's, by whomever they were used.
struct GpuFigure {
  std::string pci_bus_id{};
  std::string model{};
  std::string uuid{};
  int num_samples = 0;
  std::optional<std::int64_t> memory_peak_bytes{};
  std::optional<double> power_w{};  // mean over the run
  std::optional<double> power_peak_w{};
  std::optional<double> energy_j{};
  bool is_energy_counted = false;  // by the device; else the integral of the samples of its power
  std::vector<GpuProcessFigure> processes{};  // of the run
  int num_other_processes = 0;  // that computed on it; those of the run too where pids are foreign
  std::string complaint{};      // why sampling ended before the run did; empty otherwise

  bool operator==(const GpuFigure&) const = default;
};

// What the processes of a run took. nullopt: not measured.
struct ProcessFigures {
  double wall_s = 0;
  // Of all processes: of those that were waited for, where that is known, or of those that were
  // seen, whichever is more.
  double cpu_s = 0;
  std::optional<std::int64_t> rss_peak_bytes{};  // of the largest process
  // Largest sum over the processes of a sample; in PSS shared pages count once.
  std::optional<std::int64_t> rss_sum_peak_bytes{};
  std::optional<std::int64_t> pss_sum_peak_bytes{};
  std::vector<ProcessFigure> processes{};  // in the order in which they were seen
  int num_left_out = 0;                    // processes that were seen, but are not in `processes`
  std::vector<GpuFigure> gpus{};
  std::string gpus_not_watched{};  // why there are no `gpus`; empty where nobody asked
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
