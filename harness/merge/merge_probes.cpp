#include "harness/merge/merge_probes.h"

#include <algorithm>
#include <string>

#include "harness/base/units.h"
#include "harness/record/put_metric.h"

namespace moebench::merge {
namespace {

using record::Metric;
using record::Metrics;
using record::RankResult;

// Puts the ranks' mean of `name` under `merged_name`.
void put_mean(const std::vector<RankResult>& ranks, const std::string& name,
              const std::string& merged_name, Metrics& merged) {
  Metric& metric = metric_of(merged, merged_name);
  double sum = 0;
  for (const RankResult& rank : ranks) {
    metric.per_rank.push_back(rank.metrics.at(name).value);
    sum += rank.metrics.at(name).value.value();
  }
  metric.value = sum / static_cast<double>(ranks.size());
}

// The slowest rank's time of each size.
std::vector<double> slowest(const std::vector<RankResult>& ranks, const std::string& name) {
  std::vector<double> times = ranks[0].metrics.at(name).samples;
  for (const RankResult& rank : ranks) {
    const auto& samples = rank.metrics.at(name).samples;
    for (std::size_t i = 0; i < times.size(); ++i) times[i] = std::max(times[i], samples.at(i));
  }
  return times;
}

void add_messages(const std::vector<RankResult>& ranks, Metrics& merged) {
  const auto& sizes = ranks[0].metrics.at("message_size").samples;
  put_series(merged, "message_size", sizes);
  const auto n = static_cast<double>(ranks.size());
  for (const std::string operation : {"all_gather", "reduce_scatter", "all_to_all"}) {
    const std::vector<double> times = slowest(ranks, operation + "_time");
    std::vector<double> algorithm, bus;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      algorithm.push_back(sizes[i] / (times[i] / kNsPerSecond));
      bus.push_back(algorithm.back() * (n - 1) / n);
    }
    put_series(merged, operation + "_time", times);
    put_series(merged, operation + "_algorithm_bandwidth", algorithm);
    put_series(merged, operation + "_bus_bandwidth", bus);
  }
}

}  // namespace

Metrics merge_probes(const RankResult& alone, const std::vector<RankResult>& together) {
  Metrics merged;
  for (const char* name : {"timer_resolution", "timer_read_time", "memory_copy_size"}) {
    merged[name] = alone.metrics.at(name);
  }
  for (const std::string name : {"gemm_fp32", "gemm_bf16", "memory_copy"}) {
    put(merged, name + "_alone", alone.metrics.at(name).value);
    put_mean(together, name, name + "_together", merged);
  }
  if (together.size() > 1) add_messages(together, merged);
  return merged;
}

}  // namespace moebench::merge
