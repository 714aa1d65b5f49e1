#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "harness/base/check.h"
#include "harness/base/units.h"
#include "harness/config/memory_estimate.h"
#include "harness/merge/merge.h"
#include "harness/merge/merge_rules.h"
#include "harness/stats/quantile.h"

namespace moebench::merge {
namespace {

using record::Metric;
using record::Metrics;
using record::RankResult;
using Values = std::vector<double>;

double sum(const Values& values) { return std::accumulate(values.begin(), values.end(), 0.0); }
double mean(const Values& values) { return sum(values) / static_cast<double>(values.size()); }
double largest(const Values& values) { return *std::max_element(values.begin(), values.end()); }
double smallest(const Values& values) { return *std::min_element(values.begin(), values.end()); }

Metric per_rank_metric(const char* unit, const Values& values, double (*headline)(const Values&)) {
  Metric metric{.unit = unit, .value = headline(values)};
  metric.per_rank.assign(values.begin(), values.end());
  return metric;
}

// The metric of every rank; empty where one lacks it.
std::vector<const Metric*> of_ranks(const std::vector<RankResult>& ranks, const std::string& name) {
  std::vector<const Metric*> found;
  for (const RankResult& rank : ranks) {
    const auto it = rank.metrics.find(name);
    if (it == rank.metrics.end()) return {};
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

void merge_values(const std::vector<RankResult>& ranks, Metrics& merged) {
  struct Rule {
    const char* name;
    const char* unit;
    double (*headline)(const Values&);
  };
  constexpr Rule kRules[] = {
      {"first_step_time", "ns", largest},
      {"load_time", "ns", largest},
      {"checkpoint_load_time", "ns", largest},
      {"checkpoint_bytes", "bytes", sum},
      {"mem_alloc", "bytes", largest},
      {"mem_peak", "bytes", largest},
      {"mem_alloc_load", "bytes", largest},
      {"mem_peak_load", "bytes", largest},
      {"mem_alloc_first_step", "bytes", largest},
      {"mem_peak_first_step", "bytes", largest},
      {"mem_alloc_steady_step", "bytes", largest},
      {"mem_peak_steady_step", "bytes", largest},
      {"rss_peak", "bytes", largest},
      {"rss_baseline", "bytes", largest},
      {"rss_load", "bytes", largest},
      {"rss_end", "bytes", largest},
      {"rss_outside_load", "bytes", largest},
      {"rss_outside_end", "bytes", largest},
      {"real_tokens", "tokens", sum},
      {"padding_tokens", "tokens", sum},
      {"loss_tokens", "tokens", sum},
      {"gemm_flops_per_second", "FLOP/s", smallest},
      {"model_flops", "FLOP", sum},
      {"hardware_flops", "FLOP", sum},
      {"routed_rows", "rows", sum},
      {"padded_rows", "rows", sum},
  };
  for (const Rule& rule : kRules) {
    const Values values = values_of_ranks(ranks, rule.name);
    if (!values.empty()) merged[rule.name] = per_rank_metric(rule.unit, values, rule.headline);
  }
}

// phase_time_<phase>: means over the ranks, so that they add up to the ranks' mean step time.
void merge_phase_times(const std::vector<RankResult>& ranks, Metrics& merged) {
  for (const auto& [name, metric] : ranks[0].metrics) {
    if (!name.starts_with("phase_time_")) continue;
    const Values values = values_of_ranks(ranks, name);
    if (!values.empty()) merged[name] = per_rank_metric("ns", values, mean);
  }
}

// Each time is that of the slowest rank.
void merge_times(const std::vector<RankResult>& ranks, const char* name, Metrics& merged) {
  const auto samples = samples_of_ranks(ranks, name);
  if (samples.empty()) return;
  Metric time{.unit = "ns"};
  time.samples = over_ranks(samples, [](double a, double b) { return std::max(a, b); });
  time.value = stats::median(time.samples);
  for (const Values& rank : samples) time.per_rank.emplace_back(mean(rank));
  merged[name] = std::move(time);
}

void merge_step_times(const std::vector<RankResult>& ranks, Metrics& merged) {
  merge_times(ranks, "step_time", merged);
  const auto step_time = merged.find("step_time");
  if (step_time == merged.end()) return;
  merged["runtime"] = Metric{.unit = "ns", .value = sum(step_time->second.samples)};
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
  if (!real.empty()) {
    merged["tokens_per_second"] = per_rank_metric("tokens/s", per_second(real), mean);
    merged["global_tokens_per_second"] = Metric{.unit = "tokens/s", .value = sum(real) / seconds};
  }
  if (!real.empty() && !padding.empty()) {
    const Values padded = over_ranks({real, padding}, std::plus<>());
    merged["padded_tokens_per_second"] = per_rank_metric("tokens/s", per_second(padded), mean);
  }
  for (const std::string name : {"model_flops", "hardware_flops"}) {
    const Values flops = values_of_ranks(ranks, name);
    if (flops.empty()) continue;
    merged[name + "_per_second"] = per_rank_metric("FLOP/s", per_second(flops), mean);
  }
}

// `flops` per second as a share of the rank's measured GEMM rate.
void add_gemm_share(const std::vector<RankResult>& ranks, const char* flops, const char* share_name,
                    Metrics& merged) {
  const Values rate = values_of_ranks(ranks, "gemm_flops_per_second");
  const auto found = merged.find(flops);
  if (rate.empty() || found == merged.end() || !(smallest(rate) > 0)) return;
  Values share;
  for (std::size_t rank = 0; rank < rate.size(); ++rank) {
    share.push_back(*found->second.per_rank[rank] / rate[rank]);
  }
  merged[share_name] = per_rank_metric("1", share, mean);
}

// Loss and gradient norm are global numbers, so rank 0's stand for all; merge() compares them.
void merge_global_series(const std::vector<RankResult>& ranks, Metrics& merged) {
  for (const char* name : {"loss", "grad_norm"}) {
    const auto samples = samples_of_ranks(ranks, name);
    if (samples.empty()) continue;
    merged[name] = Metric{.unit = "1", .value = samples[0].back()};
    merged[name].samples = samples[0];
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
Metric per_layer_metric(const std::vector<Values>& loads, double (*figure)(const Values&)) {
  Metric metric{.unit = "1"};
  for (const Values& layer : loads) metric.samples.push_back(figure(layer));
  metric.value = largest(metric.samples);
  return metric;
}

void merge_routing(const std::vector<RankResult>& ranks, Metrics& merged) {
  const auto samples = samples_of_ranks(ranks, "tokens_per_expert");
  if (samples.empty()) return;
  Metric rows = ranks[0].metrics.at("tokens_per_expert");
  rows.samples = over_ranks(samples, std::plus<>());
  if (merged.contains("routed_rows")) {
    merged["dropped_rows"] =
        Metric{.unit = "rows", .value = *merged["routed_rows"].value - sum(rows.samples)};
  }
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
  merged["tokens_per_expert"] = std::move(rows);
  if (by_expert.empty()) return;
  merged["expert_imbalance"] = per_layer_metric(by_expert, largest_over_mean);
  merged["expert_load_cv"] = per_layer_metric(by_expert, coefficient_of_variation);
  merged["rank_imbalance"] = per_layer_metric(by_rank, largest_over_mean);
  merged["rank_load_cv"] = per_layer_metric(by_rank, coefficient_of_variation);
}

// What a newer worker measures beyond all rules keeps its per-rank values, without a headline.
void merge_others(const std::vector<RankResult>& ranks, Metrics& merged) {
  for (const auto& [name, metric] : ranks[0].metrics) {
    const Values values = values_of_ranks(ranks, name);
    if (values.empty() || merged.contains(name)) continue;
    merged[name].unit = metric.unit;
    merged[name].per_rank.assign(values.begin(), values.end());
    merged[name].value = headline(name, values);
  }
}

}  // namespace

Metrics merge_metrics(const std::vector<RankResult>& ranks) {
  MOEBENCH_CHECK(!ranks.empty());
  Metrics merged;
  merge_values(ranks, merged);
  merge_step_times(ranks, merged);
  merge_phase_times(ranks, merged);
  merge_times(ranks, "checkpoint_save_time", merged);
  for (const char* level : {"plain", "phases", "ops", "gpu", "trace"}) {
    merge_times(ranks, fmt::format("profile_{}_step_time", level).c_str(), merged);
  }
  add_rates(ranks, merged);
  add_gemm_share(ranks, "model_flops_per_second", "gemm_share", merged);
  add_gemm_share(ranks, "hardware_flops_per_second", "hardware_gemm_share", merged);
  merge_global_series(ranks, merged);
  merge_routing(ranks, merged);
  merge_others(ranks, merged);
  return merged;
}

Metrics estimate_metrics(const config::CellConfig& cell) {
  const config::MemoryEstimate estimate = config::estimate_memory(cell);
  const auto bytes = [](std::int64_t count) {
    return Metric{.unit = "bytes", .value = static_cast<double>(count)};
  };
  return {{"mem_estimate", bytes(estimate.total())},
          {"mem_estimate_alloc", bytes(estimate.state())},
          {"mem_estimate_parameters", bytes(estimate.parameters)},
          {"mem_estimate_gradients", bytes(estimate.gradients)},
          {"mem_estimate_optimizer", bytes(estimate.optimizer)},
          {"mem_estimate_gathered", bytes(estimate.gathered)},
          {"mem_estimate_activations", bytes(estimate.activations)},
          {"mem_estimate_step_gradients", bytes(estimate.step_gradients)},
          {"mem_estimate_update", bytes(estimate.update)}};
}

}  // namespace moebench::merge
