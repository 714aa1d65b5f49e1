#include "harness/machine/run_telemetry.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "harness/machine/cpu_time.h"
#include "harness/machine/environment.h"

namespace moebench::machine {
namespace {

constexpr int kMinClocks = 3;  // readings that tell a drop from a core that just woke up

// Reads the clock of the fastest core, since others may be idle; 0 where the system does not tell.
double core_clock_hz() {
  std::ifstream in("/proc/cpuinfo");
  double fastest = 0;
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with("cpu MHz") || colon == std::string::npos) continue;
    fastest = std::max(fastest, std::atof(line.c_str() + colon + 1) * 1e6);
  }
  return fastest;
}

record::Metric value(const char* unit, double number) { return {.unit = unit, .value = number}; }

}  // namespace

RunTelemetry::RunTelemetry()
    : start_(std::chrono::steady_clock::now()),
      cores_(read_core_times()),
      own_cpu_s_(own_cpu_s() + reaped_cpu_s()),
      swap_used_bytes_(read_machine_facts().swap_used_bytes) {}

void RunTelemetry::sample_clock() {
  const auto now_s = [this] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  };
  const double begin_s = now_s();
  if (!clock_budget_.allows(begin_s, clock_cost_s_)) return;
  const double hz = core_clock_hz();
  clock_cost_s_ = now_s() - begin_s;
  clock_budget_.spend(begin_s, clock_cost_s_);
  if (!(hz > 0)) return;
  clock_sum_hz_ += hz;
  ++num_clocks_;
}

record::Metrics RunTelemetry::finish() const {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  const CoreTimes now = read_core_times();
  const double busy_jiffies = (now.total - now.idle) - (cores_.total - cores_.idle);
  const double busy_s = busy_jiffies / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double others_s = busy_s - (own_cpu_s() + reaped_cpu_s() - own_cpu_s_);
  record::Metrics metrics;
  metrics["run_time"] = value("ns", passed.count() * 1e9);
  if (now.total > cores_.total) {
    metrics["other_cores"] = value("1", std::max(0.0, others_s / passed.count()));
  }
  const auto swapped = read_machine_facts().swap_used_bytes - swap_used_bytes_;
  metrics["swap_growth"] = value("bytes", static_cast<double>(std::max<std::int64_t>(0, swapped)));
  if (num_clocks_ >= kMinClocks) metrics["core_clock"] = value("Hz", clock_sum_hz_ / num_clocks_);
  return metrics;
}

}  // namespace moebench::machine
