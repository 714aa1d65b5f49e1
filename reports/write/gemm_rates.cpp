#include "reports/write/gemm_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/stats/quantile.h"
#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

using record::CellRecord;

constexpr const char* kMetric = "gemm_flops_per_second";

std::optional<double> rate_of(const CellRecord& record) {
  const auto found = record.metrics.find(kMetric);
  if (found == record.metrics.end()) return std::nullopt;
  double sum = 0;
  for (const auto& rank : found->second.per_rank) {
    if (!rank) return std::nullopt;
    sum += *rank;
  }
  const auto rate = found->second.per_rank.empty()
                        ? found->second.value
                        : sum / static_cast<double>(found->second.per_rank.size());
  return rate && *rate > 0 ? rate : std::nullopt;
}

bool has_taken_over(const CellRecord& record) { return record.environment.contains(kGemmRateOf); }

}  // namespace

std::string gemm_conditions(const CellRecord& record) {
  std::string text;
  for (const char* key : {"cpu_model", "host", "hosts", "cores_allowed", "cpu_quota", "device",
                          "gpu_model", "cpu_capability", "torch_version", "torch_threads",
                          "threads_per_rank", "world_size", "launcher_binding", "launcher_args"}) {
    text += record::fact(record.environment, key) + '\n';
  }
  return text + record.axis("dtype") + '\n' + record.axis("ranks");
}

std::string gemm_measurement(const CellRecord& record) {
  if (has_taken_over(record)) return record.environment.at(kGemmRateOf);
  return fmt::format("repetition {} of {}, {}", record.repetition, record.id, record.started_at);
}

GemmRates::GemmRates(const std::vector<CellRecord>& records) {
  std::map<std::string, std::vector<double>> measured;
  std::set<std::string> counted;
  const auto count = [&](const CellRecord& record) {
    if (const auto rate = rate_of(record)) measured[gemm_conditions(record)].push_back(*rate);
  };
  for (const CellRecord& record : records) {
    if (has_taken_over(record)) continue;
    counted.insert(gemm_measurement(record));
    count(record);
  }
  for (const CellRecord& record : records) {  // of runs that are not among these records
    if (has_taken_over(record) && counted.insert(gemm_measurement(record)).second) count(record);
  }
  for (auto& [key, rates] : measured) {
    const auto [smallest, largest] = std::ranges::minmax(rates);
    const int runs = static_cast<int>(rates.size());
    const auto median = stats::median(std::move(rates));
    if (median) rates_[key] = {*median, smallest, largest, runs};
  }
}

const GemmRate* GemmRates::of(const CellRecord& record) const {
  const auto found = rates_.find(gemm_conditions(record));
  return found == rates_.end() ? nullptr : &found->second;
}

std::optional<double> GemmRates::share(const CellRecord& record, const char* flops,
                                       const char* recorded) const {
  const GemmRate* rate = of(record);
  const auto reached = record.value(flops);
  if (rate == nullptr || !reached) return record.value(recorded);
  return *reached / rate->flops_per_second;
}

std::vector<std::string> GemmRates::describe(const ScenarioCells& scenario) const {
  std::vector<std::string> lines;
  for (const Cell& cell : scenario.cells) {
    const GemmRate* rate = of(cell.first());
    if (rate == nullptr) continue;
    const double median = rate->flops_per_second;
    std::string line = fmt::format("{} GFLOP/s a rank, ", format_number(median / 1e9));
    line += rate->runs == 1 ? "measured by one run"
                            : fmt::format("median of {} runs ({}..{})", rate->runs,
                                          format_change(rate->smallest / median - 1),
                                          format_change(rate->largest / median - 1));
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

}  // namespace moebench::reports
