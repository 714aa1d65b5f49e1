#include "reports/write/excerpt.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/record/agreement.h"

namespace moebench::reports {
namespace {

// These have their numbers per rank shown, not the headline alone.
constexpr std::array<std::string_view, 2> kByRank = {"step_time", "gemm_flops_per_second"};

// Of Google Benchmark, whose names only the records know.
constexpr std::string_view kBenchmarkCounters = "benchmark_counter.";

// These differ from run to run, so that no two records could share their environment.
constexpr std::array<std::string_view, 4> kOfOneRun = {
    "driver_load_average_at_start", "driver_swap_used_bytes", "gemm_rate_since", "log_hash"};

}  // namespace

record::Excerpt report_excerpt() {
  return {.keeps_metric =
              [](std::string_view metric) {
                return record::is_compared(metric) || metric.starts_with(kBenchmarkCounters) ||
                       std::ranges::find(kByRank, metric) != kByRank.end();
              },
          .keeps_environment =
              [](std::string_view name) {
                return std::ranges::find(kOfOneRun, name) == kOfOneRun.end();
              }};
}

}  // namespace moebench::reports
