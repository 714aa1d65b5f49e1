#include "harness/measure/gpu_sampler.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/machine/processes.h"
#include "harness/stats/quantile.h"

namespace moebench::measure {
namespace {

// Returns what the readings that have a member hold in it.
template <typename T>
std::vector<T> all_of(const std::vector<GpuReading>& readings,
                      std::optional<T> GpuReading::*member) {
  std::vector<T> values;
  for (const GpuReading& reading : readings) {
    if (reading.*member) values.push_back(*(reading.*member));
  }
  return values;
}

std::optional<Spread> spread(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto [min, max] = std::ranges::minmax(values);
  return Spread{min, stats::median(values).value(), max};
}

template <typename T>
std::optional<T> largest(const std::vector<T>& values) {
  if (values.empty()) return std::nullopt;
  return std::ranges::max(values);
}

void summarize_throttling(const std::vector<std::uint64_t>& clock_events, GpuSummary& summary) {
  if (clock_events.empty()) return;
  std::uint64_t any = 0;
  for (const std::uint64_t bits : clock_events) any |= bits;
  const auto num_throttled = std::ranges::count_if(
      clock_events, [](std::uint64_t bits) { return !throttle_reasons(bits).empty(); });
  summary.throttle_reasons = throttle_reasons(any);
  summary.throttled_share =
      static_cast<double>(num_throttled) / static_cast<double>(clock_events.size());
}

std::optional<int> other_processes(const std::vector<std::vector<pid_t>>& readings) {
  bool saw_own = false;
  std::ptrdiff_t most = 0;
  for (const std::vector<pid_t>& processes : readings) {
    const std::ptrdiff_t num_own = std::ranges::count_if(processes, machine::is_of_this_run);
    saw_own = saw_own || num_own > 0;
    most = std::max(most, std::ssize(processes) - num_own);
  }
  if (!saw_own) return std::nullopt;
  return static_cast<int>(most);
}

}  // namespace

GpuSummary summarize(const std::vector<GpuReading>& readings) {
  GpuSummary summary;
  summary.num_readings = static_cast<int>(readings.size());
  summary.sm_clock_hz = spread(all_of(readings, &GpuReading::sm_clock_hz));
  summary.memory_clock_hz = spread(all_of(readings, &GpuReading::memory_clock_hz));
  summary.power_w = spread(all_of(readings, &GpuReading::power_w));
  summary.temperature_c = spread(all_of(readings, &GpuReading::temperature_c));
  summary.busy_share = spread(all_of(readings, &GpuReading::busy_share));
  const auto limit = spread(all_of(readings, &GpuReading::power_limit_w));
  if (limit) summary.power_limit_w = limit->min;
  summary.memory_used_bytes = largest(all_of(readings, &GpuReading::memory_used_bytes));
  summary.memory_total_bytes = largest(all_of(readings, &GpuReading::memory_total_bytes));
  summarize_throttling(all_of(readings, &GpuReading::clock_events), summary);
  summary.other_processes = other_processes(all_of(readings, &GpuReading::processes));
  return summary;
}

GpuSampler::GpuSampler(const std::string& pci_bus_id, std::chrono::milliseconds interval,
                       const std::string& library)
    : device_(pci_bus_id, library), readings_{device_.read()} {
  thread_ = std::thread([this, interval] { sample_until_asked(interval); });
}

GpuSampler::~GpuSampler() { join(); }

GpuSummary GpuSampler::stop() {
  join();
  sample();
  GpuSummary summary = summarize(readings_);
  summary.complaint = complaint_;
  return summary;
}

void GpuSampler::sample() {
  if (!complaint_.empty()) return;
  try {
    readings_.push_back(device_.read());
  } catch (const Error& error) {
    complaint_ = error.what();
  }
}

void GpuSampler::sample_until_asked(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return is_asked_to_stop_; })) {
    lock.unlock();
    sample();
    lock.lock();
  }
}

void GpuSampler::join() {
  {
    const std::lock_guard lock(mutex_);
    is_asked_to_stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace moebench::measure
