#include "harness/launch/machine_probe.h"

#include <algorithm>
#include <string>

#include "harness/base/error.h"
#include "harness/base/temporary_folder.h"
#include "harness/base/units.h"
#include "harness/launch/process.h"
#include "harness/merge/rank_files.h"

namespace moebench::launch {
namespace {

using record::Metric;
using record::Metrics;
using record::RankResult;

constexpr double kTimeLimitS = 600;

std::vector<std::string> worker_command(const ProbeRequest& request,
                                        const std::filesystem::path& folder) {
  std::vector<std::string> command = {request.worker.string(),
                                      "--probe",
                                      std::to_string(request.ranks),
                                      "--threads",
                                      std::to_string(request.threads_per_rank),
                                      "--out",
                                      folder.string()};
  if (request.quick) command.emplace_back("--quick");
  return command;
}

// All ranks' results, or an Error that says what the first failed one said.
std::vector<RankResult> checked(const merge::RankResults& ranks, const ProcessResult& process,
                                const std::string& complaint, const std::string& stderr_tail) {
  std::vector<RankResult> results;
  std::string problem = process.timed_out ? fmt::format("no end after {:g} s", kTimeLimitS) : "";
  for (const auto& rank : ranks) {
    if (rank && rank->disposition == record::Disposition::kOk) {
      results.push_back(*rank);
    } else if (rank && problem.empty()) {
      problem = fmt::format("rank {}: {}", rank->rank, rank->message);
    }
  }
  if (results.size() == ranks.size()) return results;
  if (problem.empty()) problem = complaint.empty() ? "a rank left no result" : complaint;
  throw Error("the probe of the machine failed: {}; its last words:\n{}", problem, stderr_tail);
}

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

std::optional<std::vector<RankResult>> run_probe(const ProbeRequest& request) {
  const TemporaryFolder folder("moebench-probe");
  const LaunchCommand launch =
      make_launch_command({.command = worker_command(request, folder.path()),
                           .ranks = request.ranks,
                           .threads_per_rank = request.threads_per_rank,
                           .choice = request.launcher},
                          request.place);
  ProcessOptions process;
  process.command = launch.command;
  process.environment = launch.environment;
  process.stdout_path = folder.path() / "stdout";
  process.stderr_path = folder.path() / "stderr";
  process.time_limit_s = kTimeLimitS;
  const ProcessResult result = run_process(process);
  if (result.interrupted) return std::nullopt;
  std::string complaint;
  const merge::RankResults ranks = merge::read_ranks(folder.path(), request.ranks, complaint);
  return checked(ranks, result, complaint, merge::last_lines(process.stderr_path));
}

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

}  // namespace moebench::launch
