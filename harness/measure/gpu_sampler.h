#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "harness/measure/nvml.h"

namespace moebench::measure {

struct Spread {
  double min = 0;
  double median = 0;
  double max = 0;

  bool operator==(const Spread&) const = default;
};

// Says what a GPU did over some readings. nullopt: not measured.
struct GpuSummary {
  int num_readings = 0;
  std::optional<Spread> sm_clock_hz;
  std::optional<Spread> memory_clock_hz;
  std::optional<Spread> power_w;
  std::optional<Spread> temperature_c;
  std::optional<Spread> busy_share;
  std::optional<double> power_limit_w;            // the lowest
  std::optional<std::int64_t> memory_used_bytes;  // the largest
  std::optional<std::int64_t> memory_total_bytes;
  std::optional<double> throttled_share;      // of the readings, 0 to 1
  std::vector<std::string> throttle_reasons;  // of any reading
  // Processes of others that computed on it, the most at once. Measured only where this run's own
  // are seen on the device: in a container the driver may tell of pids from outside.
  std::optional<int> other_processes;
  std::string complaint;  // why sampling ended before it was asked to; empty otherwise
};

GpuSummary summarize(const std::vector<GpuReading>& readings);

// Reads a GPU every `interval` on a thread of its own from construction to stop(), at both ends
// as well.
class GpuSampler {
 public:
  static constexpr std::chrono::milliseconds kInterval{100};

  // Errors as NvmlDevice.
  explicit GpuSampler(const std::string& pci_bus_id, std::chrono::milliseconds interval = kInterval,
                      const std::string& library = kNvmlLibrary);
  ~GpuSampler();
  GpuSampler(const GpuSampler&) = delete;
  GpuSampler& operator=(const GpuSampler&) = delete;

  const GpuFacts& facts() const { return device_.facts(); }
  // Once.
  GpuSummary stop();

 private:
  void sample();
  void sample_until_asked(std::chrono::milliseconds interval);
  void join();

  NvmlDevice device_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_asked_to_stop_ = false;  // guarded by mutex_
  // The thread's until it has ended.
  std::vector<GpuReading> readings_;
  std::string complaint_;
  std::thread thread_;
};

}  // namespace moebench::measure
