#include "harness/merge/merge_rules.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace moebench::merge {
namespace {

using Values = std::vector<double>;

double sum(const Values& values) { return std::accumulate(values.begin(), values.end(), 0.0); }
double mean(const Values& values) { return sum(values) / static_cast<double>(values.size()); }
double largest(const Values& values) { return *std::ranges::max_element(values); }
double smallest(const Values& values) { return *std::ranges::min_element(values); }

struct Rule {
  std::string_view prefix;
  double (*headline)(const Values&);
};

// The first that fits. Times of stages, functions and phases are means: those of one rank add up to
// its total. What operations and messages came to are sums.
constexpr Rule kRules[] = {
    {"load_bytes_kept", largest},
    {"load_bytes_", sum},
    {"load_minor_faults", sum},
    {"load_major_faults", sum},
    {"load_stage.", mean},
    {"load_rss_peak", largest},
    {"calls.", largest},
    {"own_time.", mean},
    {"cumulative_time.", mean},
    {"copy_time", largest},
    {"disk_read_rate", sum},
    {"page_cache_share", mean},
    {"profile_phase.", mean},
    {"profile_wait.", mean},
    {"profiled_steps", largest},
    {"collective_skew", largest},
    {"collective_", mean},
    {"collective.", sum},
    {"op_", sum},
    {"moved_", sum},
    {"copy_rate", sum},
    {"mem_in_phase.", largest},
    {"clock_uncertainty", largest},
    {"mem_reserved_", largest},
    {"mem_device_", largest},
    {"mem_outside_allocator_", largest},
    {"mem_alloc_retries", largest},
    {"gpu_sm_clock", smallest},
    {"gpu_memory_clock", smallest},
    {"gpu_power_limit", smallest},
    {"gpu_power", mean},
    {"gpu_temperature", largest},
    {"gpu_utilization", mean},
    {"gpu_memory_used", largest},
    {"gpu_memory_total", smallest},
    {"gpu_throttled", largest},
    {"gpu_time.", mean},
    {"gpu_idle.", mean},
    {"gpu_busy_time", mean},
    {"gpu_idle_time", mean},
    {"gpu_comm_time", mean},
    {"gpu_exposed_comm_time", mean},
    {"gpu_activity_", sum},
    {"gpu_copy_", sum},
    {"gpu_allocations", sum},
    {"gpu_allocated_bytes", sum},
    {"gpu_dropped_records", sum},
};

}  // namespace

std::optional<double> headline(const std::string& metric, const Values& values) {
  const auto rule = std::ranges::find_if(
      kRules, [&](const Rule& candidate) { return metric.starts_with(candidate.prefix); });
  if (rule == std::end(kRules)) return std::nullopt;
  return rule->headline(values);
}

std::vector<std::string> required_load_metrics() {
  return {"load_time",         "load_bytes_kept",   "load_bytes_needed", "load_bytes_read",
          "load_minor_faults", "load_major_faults", "load_stage.open",   "load_stage.read",
          "copy_time",         "page_cache_share",  "calls.shard_moe"};
}

}  // namespace moebench::merge
