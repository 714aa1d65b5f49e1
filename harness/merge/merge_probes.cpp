#include "harness/merge/merge_probes.h"

#include <algorithm>
#include <string>

#include "harness/base/units.h"

namespace moebench::merge {
namespace {

using record::Metric;
using record::Metrics;
using record::RankResult;

Metric value(const char* unit, double number) { return {.unit = unit, .value = number}; }

Metric mean_of(const std::vector<RankResult>& ranks, const std::string& name) {
  Metric metric{.unit = ranks[0].metrics.at(name).unit};
  double sum = 0;
  for (const RankResult& rank : ranks) {
    metric.per_rank.push_back(rank.metrics.at(name).value);
    sum += rank.metrics.at(name).value.value();
  }
  metric.value = sum / static_cast<double>(ranks.size());
  return metric;
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

Metric series(const char* unit, std::vector<double> samples) {
  Metric metric{.unit = unit};
  metric.samples = std::move(samples);
  return metric;
}

void add_messages(const std::vector<RankResult>& ranks, Metrics& merged) {
  const auto& sizes = ranks[0].metrics.at("message_size").samples;
  merged["message_size"] = series("bytes", sizes);
  const auto n = static_cast<double>(ranks.size());
  for (const std::string operation : {"all_gather", "reduce_scatter", "all_to_all"}) {
    const std::vector<double> times = slowest(ranks, operation + "_time");
    std::vector<double> algorithm, bus;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      algorithm.push_back(sizes[i] / (times[i] / kNsPerSecond));
      bus.push_back(algorithm.back() * (n - 1) / n);
    }
    merged[operation + "_time"] = series("ns", times);
    merged[operation + "_algorithm_bandwidth"] = series("bytes/s", algorithm);
    merged[operation + "_bus_bandwidth"] = series("bytes/s", bus);
  }
}

}  // namespace

Metrics merge_probes(const RankResult& alone, const std::vector<RankResult>& together) {
  Metrics merged;
  for (const char* name : {"timer_resolution", "timer_read_time", "memory_copy_size"}) {
    merged[name] = alone.metrics.at(name);
  }
  for (const std::string name : {"gemm_fp32", "gemm_bf16", "memory_copy"}) {
    const Metric& metric = alone.metrics.at(name);
    merged[name + "_alone"] = value(metric.unit.c_str(), metric.value.value());
    merged[name + "_together"] = mean_of(together, name);
  }
  if (together.size() > 1) add_messages(together, merged);
  return merged;
}

}  // namespace moebench::merge
