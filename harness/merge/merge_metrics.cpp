#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "harness/base/check.h"
#include "harness/base/units.h"
#include "harness/estimate/memory_estimate.h"
#include "harness/merge/merge.h"
#include "harness/record/metric_catalogue.h"
#include "harness/stats/quantile.h"

namespace moebench::merge {
namespace {

using record::Metric;
using record::MetricInfo;
using record::Metrics;
using record::OverRanks;
using record::RankResult;
using Values = std::vector<double>;

double sum(const Values& values) { return std::accumulate(values.begin(), values.end(), 0.0); }
double mean(const Values& values) { return sum(values) / static_cast<double>(values.size()); }
double largest(const Values& values) { return *std::ranges::max_element(values); }
double smallest(const Values& values) { return *std::ranges::min_element(values); }

// A metric of the catalogue.
Metric metric_of(const std::string& name, std::optional<double> value = std::nullopt) {
  Metric metric;
  metric.unit = record::metric_info(name).unit;
  metric.value = value;
  return metric;
}

Metric per_rank_metric(const std::string& name, const Values& values,
                       double (*headline)(const Values&)) {
  Metric metric = metric_of(name, headline(values));
  metric.per_rank.assign(values.begin(), values.end());
  return metric;
}

// The metric of every rank; empty where one lacks it or has it in another unit than the catalogue.
std::vector<const Metric*> of_ranks(const std::vector<RankResult>& ranks, const std::string& name) {
  const MetricInfo* info = record::find_metric(name);
  std::vector<const Metric*> found;
  for (const RankResult& rank : ranks) {
    const auto it = rank.metrics.find(name);
    if (it == rank.metrics.end()) return {};
    if (info != nullptr && it->second.unit != info->unit) return {};
    found.push_back(&it->second);
  }
  return found;
}

Values values_of_ranks(const std::vector<RankResult>& ranks, const std::string& name) {
  Values values;
  for (const Metric* metric : of_ranks(ranks, name)) {
    if (!metric->value) return {};
    values.push_back(*metric->value);
  }
  return values;
}

// samples[rank][i]; empty where a rank has none or another number than its peers.
std::vector<Values> samples_of_ranks(const std::vector<RankResult>& ranks,
                                     const std::string& name) {
  std::vector<Values> samples;
  for (const Metric* metric : of_ranks(ranks, name)) {
    if (metric->samples.empty()) return {};
    if (!samples.empty() && samples[0].size() != metric->samples.size()) return {};
    samples.push_back(metric->samples);
  }
  return samples;
}

Values over_ranks(const std::vector<Values>& samples,
                  const std::function<double(double, double)>& combine) {
  Values result = samples[0];
  for (std::size_t rank = 1; rank < samples.size(); ++rank) {
    std::transform(result.begin(), result.end(), samples[rank].begin(), result.begin(), combine);
  }
  return result;
}

// Each number is that of the slowest rank.
Metric slowest_metric(const std::string& name, const std::vector<Values>& samples) {
  Metric time = metric_of(name);
  time.samples = over_ranks(samples, [](double a, double b) { return std::max(a, b); });
  time.value = stats::median(time.samples);
  for (const Values& rank : samples) time.per_rank.emplace_back(mean(rank));
  return time;
}

// Loss and gradient norm are global numbers, so rank 0's stand for all; merge() compares them.
Metric shared_metric(const std::string& name, const std::vector<RankResult>& ranks,
                     const std::vector<Values>& samples) {
  Metric metric = metric_of(name, samples[0].back());
  metric.samples = samples[0];
  metric.shape = ranks[0].metrics.at(name).shape;
  return metric;
}

Metric added_metric(const std::string& name, const std::vector<RankResult>& ranks,
                    const std::vector<Values>& samples) {
  Metric metric = metric_of(name);
  metric.samples = over_ranks(samples, std::plus<>());
  metric.shape = ranks[0].metrics.at(name).shape;
  return metric;
}

// A metric that is no rank's in the catalogue keeps its per-rank values, without a headline.
std::optional<Metric> unknown_metric(const std::vector<RankResult>& ranks,
                                     const std::string& name) {
  const Values values = values_of_ranks(ranks, name);
  if (values.empty()) return std::nullopt;
  Metric metric{.unit = ranks[0].metrics.at(name).unit};
  metric.per_rank.assign(values.begin(), values.end());
  return metric;
}

// nullopt where a rank lacks the metric or what its rule needs.
std::optional<Metric> merged_metric(const std::vector<RankResult>& ranks, const std::string& name) {
  const MetricInfo* info = record::find_metric(name);
  const OverRanks rule = info == nullptr ? OverRanks::kNotOfRanks : info->over_ranks;
  const auto of_numbers = [&](double (*headline)(const Values&)) -> std::optional<Metric> {
    const Values values = values_of_ranks(ranks, name);
    if (values.empty()) return std::nullopt;
    return per_rank_metric(name, values, headline);
  };
  const auto of_series = [&](const auto& merge_samples) -> std::optional<Metric> {
    const auto samples = samples_of_ranks(ranks, name);
    if (samples.empty()) return std::nullopt;
    return merge_samples(samples);
  };
  switch (rule) {
    case OverRanks::kLargest:
      return of_numbers(largest);
    case OverRanks::kSmallest:
      return of_numbers(smallest);
    case OverRanks::kSum:
      return of_numbers(sum);
    case OverRanks::kMean:
      return of_numbers(mean);
    case OverRanks::kSlowest:
      return of_series([&](const auto& samples) { return slowest_metric(name, samples); });
    case OverRanks::kSame:
      return of_series([&](const auto& samples) { return shared_metric(name, ranks, samples); });
    case OverRanks::kAddUp:
      return of_series([&](const auto& samples) { return added_metric(name, ranks, samples); });
    case OverRanks::kNotOfRanks:
      return unknown_metric(ranks, name);
  }
  MOEBENCH_CHECK(!"a rule outside its enumeration");
}

// Returns the names of any rank's metrics.
std::set<std::string> names_of(const std::vector<RankResult>& ranks) {
  std::set<std::string> names;
  for (const RankResult& rank : ranks) {
    for (const auto& [name, metric] : rank.metrics) names.insert(name);
  }
  return names;
}

// A number that is computed here.
void add(const std::string& name, double value, Metrics& merged) {
  merged[name] = metric_of(name, value);
}

void add_rates(const std::vector<RankResult>& ranks, Metrics& merged) {
  if (!merged.contains("runtime") || !(*merged["runtime"].value > 0)) return;
  const double seconds = *merged["runtime"].value / kNsPerSecond;
  auto per_second = [seconds](Values values) {
    for (double& value : values) value /= seconds;
    return values;
  };
  const Values real = values_of_ranks(ranks, "real_tokens");
  const Values padding = values_of_ranks(ranks, "padding_tokens");
  const auto add_mean = [&](const std::string& name, Values values) {
    merged[name] = per_rank_metric(name, per_second(std::move(values)), mean);
  };
  if (!real.empty()) {
    add_mean("tokens_per_second", real);
    add("global_tokens_per_second", sum(real) / seconds, merged);
  }
  if (!real.empty() && !padding.empty()) {
    add_mean("padded_tokens_per_second", over_ranks({real, padding}, std::plus<>()));
  }
  for (const std::string name : {"model_flops", "hardware_flops"}) {
    const Values flops = values_of_ranks(ranks, name);
    if (!flops.empty()) add_mean(name + "_per_second", flops);
  }
}

double largest_over_mean(const Values& values) {
  const double total = sum(values);
  return total > 0 ? largest(values) / mean(values) : 1;
}

// Standard deviation over mean, of the whole population.
double coefficient_of_variation(const Values& values) {
  const double center = mean(values);
  if (!(center > 0)) return 0;
  double squares = 0;
  for (const double value : values) squares += (value - center) * (value - center);
  return std::sqrt(squares / static_cast<double>(values.size())) / center;
}

// `loads`: of each layer, the rows of its experts or of the ranks. The worst layer is the headline.
void add_per_layer(const std::string& name, const std::vector<Values>& loads,
                   double (*figure)(const Values&), Metrics& merged) {
  Metric metric = metric_of(name);
  for (const Values& layer : loads) metric.samples.push_back(figure(layer));
  metric.value = largest(metric.samples);
  merged[name] = std::move(metric);
}

void add_routing(const std::vector<RankResult>& ranks, Metrics& merged) {
  const auto found = merged.find("tokens_per_expert");
  if (found == merged.end()) return;
  const Metric& rows = found->second;
  if (merged.contains("routed_rows")) {
    add("dropped_rows", *merged["routed_rows"].value - sum(rows.samples), merged);
  }
  const auto samples = samples_of_ranks(ranks, "tokens_per_expert");
  const auto num_experts = rows.shape.size() == 2 ? rows.shape[1] : 0;
  std::vector<Values> by_expert, by_rank;
  for (std::int64_t at = 0; num_experts > 0 && at < std::ssize(rows.samples); at += num_experts) {
    const auto layer_of = [&](const Values& all) {
      return Values(all.begin() + at, all.begin() + at + num_experts);
    };
    by_expert.push_back(layer_of(rows.samples));
    by_rank.emplace_back();
    for (const Values& rank : samples) by_rank.back().push_back(sum(layer_of(rank)));
  }
  if (by_expert.empty()) return;
  add_per_layer("expert_imbalance", by_expert, largest_over_mean, merged);
  add_per_layer("expert_load_cv", by_expert, coefficient_of_variation, merged);
  add_per_layer("rank_imbalance", by_rank, largest_over_mean, merged);
  add_per_layer("rank_load_cv", by_rank, coefficient_of_variation, merged);
}

// Every rank's; empty where one of them lacks it.
Values values_per_rank(const Metrics& metrics, const char* name) {
  const auto found = metrics.find(name);
  if (found == metrics.end()) return {};
  Values values;
  for (const auto& value : found->second.per_rank) {
    if (!value) return {};
    values.push_back(*value);
  }
  return values;
}

// `flops` per second as a share of the rank's GEMM rate.
void add_gemm_share(const char* flops, const char* name, Metrics& metrics) {
  const Values reached = values_per_rank(metrics, flops);
  const Values rate = values_per_rank(metrics, "gemm_flops_per_second");
  if (reached.empty() || rate.size() != reached.size() || !(smallest(rate) > 0)) return;
  metrics[name] = per_rank_metric(name, over_ranks({reached, rate}, std::divides<>()), mean);
}

}  // namespace

void add_gemm_shares(Metrics& metrics) {
  add_gemm_share("model_flops_per_second", "gemm_share", metrics);
  add_gemm_share("hardware_flops_per_second", "hardware_gemm_share", metrics);
}

Metrics merge_metrics(const std::vector<RankResult>& ranks) {
  MOEBENCH_CHECK(!ranks.empty());
  Metrics merged;
  for (const std::string& name : names_of(ranks)) {
    if (auto metric = merged_metric(ranks, name)) merged[name] = *std::move(metric);
  }
  const auto step_time = merged.find("step_time");
  if (step_time != merged.end()) add("runtime", sum(step_time->second.samples), merged);
  add_rates(ranks, merged);
  add_gemm_shares(merged);
  add_routing(ranks, merged);
  return merged;
}

Metrics estimate_metrics(const config::CellConfig& cell) {
  const estimate::MemoryEstimate estimate = estimate::estimate_memory(cell);
  Metrics metrics;
  for (const auto& [name, bytes] :
       {std::pair("mem_estimate", estimate.total()),
        std::pair("mem_estimate_alloc", estimate.state()),
        std::pair("mem_estimate_parameters", estimate.parameters),
        std::pair("mem_estimate_gradients", estimate.gradients),
        std::pair("mem_estimate_optimizer", estimate.optimizer),
        std::pair("mem_estimate_gathered", estimate.gathered),
        std::pair("mem_estimate_activations", estimate.activations),
        std::pair("mem_estimate_step_gradients", estimate.step_gradients),
        std::pair("mem_estimate_update", estimate.update)}) {
    add(name, static_cast<double>(bytes), metrics);
  }
  return metrics;
}

}  // namespace moebench::merge
