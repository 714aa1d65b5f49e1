#include "harness/merge/merge_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "harness/base/units.h"
#include "harness/merge/last_words.h"
#include "harness/record/put_metric.h"
#include "harness/stats/quantile.h"

namespace moebench::merge {
namespace {

using record::Disposition;
using record::RankResult;
using trainers::RankLog;
using trainers::Step;
using trainers::TokensScope;
using trainers::TrainerLog;
using trainers::Window;

// By how much a trainer's own tokens/s may differ from the computed one without a word.
constexpr double kOwnFigureTolerance = 0.02;

// Steps that lie behind the warm-up as a whole.
std::vector<Step> measured_steps(const RankLog& rank, std::int64_t warmup_steps) {
  std::vector<Step> steps;
  for (const Step& step : rank.steps) {
    if (step.number - step.num_steps >= warmup_steps) steps.push_back(step);
  }
  return steps;
}

std::int64_t count_steps(const std::vector<Step>& steps) {
  std::int64_t count = 0;
  for (const Step& step : steps) count += step.num_steps;
  return count;
}

// Of each step, in order; empty where a step lacks it.
std::vector<double> series(const std::vector<Step>& steps, std::optional<double> Step::*member,
                           double factor = 1) {
  std::vector<double> values;
  for (const Step& step : steps) {
    if (!(step.*member)) return {};
    values.insert(values.end(), static_cast<std::size_t>(step.num_steps), *(step.*member) * factor);
  }
  return values;
}

std::optional<double> sum_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

void put_steps(record::Metrics& metrics, const std::string& name, std::vector<double> samples) {
  if (!samples.empty()) put_series(metrics, name, std::move(samples));
}

// Mean time of a step by phase; a phase that a step does not name took no time in it.
void put_phases(const std::vector<Step>& steps, record::Metrics& metrics) {
  std::map<std::string, double> sums_s;
  for (const Step& step : steps) {
    for (const auto& [phase, seconds] : step.phases_s) {
      sums_s[phase] += seconds * static_cast<double>(step.num_steps);
    }
  }
  for (const auto& [phase, seconds] : sums_s) {
    put(metrics, "phase_time_" + phase,
        seconds * kNsPerSecond / static_cast<double>(count_steps(steps)));
  }
}

// What one rank's log says, in the form of a rank of the built-in engine.
RankResult rank_result(const RankLog& rank, int index, std::int64_t warmup_steps) {
  const std::vector<Step> steps = measured_steps(rank, warmup_steps);
  RankResult result;
  result.rank = rank.rank.value_or(index);
  put_steps(result.metrics, "step_time", series(steps, &Step::time_s, kNsPerSecond));
  put(result.metrics, "real_tokens", sum_of(series(steps, &Step::tokens)));
  put(result.metrics, "padding_tokens", sum_of(series(steps, &Step::padding_tokens)));
  put_steps(result.metrics, "loss", series(steps, &Step::loss));
  put_steps(result.metrics, "grad_norm", series(steps, &Step::grad_norm));
  put_phases(steps, result.metrics);
  if (rank.load_s) put(result.metrics, "load_time", *rank.load_s * kNsPerSecond);
  if (warmup_steps > 0 && !rank.steps.empty() && rank.steps[0].number == 1 &&
      rank.steps[0].time_s) {
    put(result.metrics, "first_step_time", *rank.steps[0].time_s * kNsPerSecond);
  }
  return result;
}

// Whether the log has every rank's own steps.
bool is_of_all_ranks(const TrainerLog& log, const RunFacts& facts) {
  const bool all_named =
      std::ranges::all_of(log.ranks, [](const RankLog& rank) { return rank.rank.has_value(); });
  return all_named && std::ssize(log.ranks) == facts.world_size;
}

// Tokens of all ranks in the measured steps.
std::optional<double> all_tokens(const TrainerLog& log, const std::vector<RankResult>& ranks,
                                 const RunFacts& facts, std::int64_t num_steps) {
  const auto tokens = [](const RankResult& rank) { return rank.metrics.at("real_tokens").value; };
  const bool known = std::ranges::all_of(
      ranks, [](const RankResult& rank) { return rank.metrics.contains("real_tokens"); });
  if (known && is_of_all_ranks(log, facts) && log.meaning.tokens_scope == TokensScope::kDevice) {
    double sum = 0;
    for (const RankResult& rank : ranks) sum += *tokens(rank);
    return sum;
  }
  if (known && log.meaning.tokens_scope == TokensScope::kDevice) {
    return *tokens(ranks[0]) * static_cast<double>(facts.world_size);
  }
  if (known && log.meaning.tokens_scope == TokensScope::kGlobal) return tokens(ranks[0]);
  if (!facts.tokens_per_step) return std::nullopt;
  return *facts.tokens_per_step * static_cast<double>(num_steps);
}

// The trainer's own tokens/s, of a rank where its scope says so: over the measured steps, or its
// last word where it counts from the run's start.
std::optional<double> own_tokens_per_second(const TrainerLog& log, const RunFacts& facts) {
  std::vector<Step> steps = measured_steps(log.ranks[0], facts.warmup_steps);
  std::erase_if(steps, [](const Step& step) { return !step.tokens_per_s.has_value(); });
  if (steps.empty()) return std::nullopt;
  const double ranks = static_cast<double>(facts.world_size);
  const double share = log.meaning.tokens_scope == TokensScope::kGlobal ? 1 / ranks : 1;
  if (log.meaning.tokens_window == Window::kCumulative) {
    return *steps.back().tokens_per_s * share;
  }
  // Steps do the same work, so that the rates' mean is the harmonic one.
  double time_a_token = 0;
  for (const Step& step : steps) {
    time_a_token += static_cast<double>(step.num_steps) / *step.tokens_per_s;
  }
  return static_cast<double>(count_steps(steps)) / time_a_token * share;
}

std::string clause(const trainers::Meaning& meaning) {
  return fmt::format("scope {}, window {}, padding {}", to_string(meaning.tokens_scope),
                     to_string(meaning.tokens_window), to_string(meaning.padding));
}

void put_rates(const TrainerLog& log, const std::vector<RankResult>& ranks, const RunFacts& facts,
               TrainerMetrics& result) {
  record::Metrics& metrics = result.metrics;
  const double world = static_cast<double>(facts.world_size);
  const auto tokens = all_tokens(log, ranks, facts, result.num_measured_steps);
  metrics.erase("real_tokens");
  for (const char* rate :
       {"tokens_per_second", "padded_tokens_per_second", "global_tokens_per_second"}) {
    metrics.erase(rate);
  }
  put(metrics, "real_tokens", tokens);
  const auto runtime = metrics.find("runtime");
  std::optional<double> computed;
  if (tokens && runtime != metrics.end() && *runtime->second.value > 0) {
    const double seconds = *runtime->second.value / kNsPerSecond;
    computed = *tokens / world / seconds;
    put(metrics, "tokens_per_second", computed);
    put(metrics, "global_tokens_per_second", *tokens / seconds);
  }
  const auto own = own_tokens_per_second(log, facts);
  put(metrics, "trainer_tokens_per_second", own);
  if (!own || !computed) return;
  const double apart = *own / *computed - 1;
  if (std::abs(apart) <= kOwnFigureTolerance) return;
  result.warnings.push_back(
      fmt::format("the trainer's own tokens/s, {:.0f} a rank ({}), is {:+.1f} % off {:.0f}, the "
                  "tokens of the measured steps by their time",
                  *own, clause(log.meaning), 100 * apart, *computed));
}

void put_largest(const TrainerLog& log, const RunFacts& facts, const char* name,
                 std::optional<double> Step::*member, record::Metrics& metrics) {
  std::optional<double> largest;
  for (const RankLog& rank : log.ranks) {
    for (const Step& step : measured_steps(rank, facts.warmup_steps)) {
      if (step.*member) largest = std::max(largest.value_or(0), *(step.*member));
    }
  }
  put(metrics, name, largest);
}

// Where ranks were read each for itself, only the steps that all of them have are the run's.
void keep_common_steps(std::vector<RankLog>& ranks) {
  std::map<std::int64_t, std::size_t> seen;
  for (const RankLog& rank : ranks) {
    for (const Step& step : rank.steps) ++seen[step.number];
  }
  for (RankLog& rank : ranks) {
    std::erase_if(rank.steps, [&](const Step& step) { return seen[step.number] < ranks.size(); });
  }
}

bool has_differing_losses(const std::vector<RankResult>& ranks) {
  const auto losses = [](const RankResult& rank) {
    const auto found = rank.metrics.find("loss");
    return found == rank.metrics.end() ? std::vector<double>() : found->second.samples;
  };
  return std::ranges::any_of(ranks, [&](const RankResult& rank) {
    const std::vector<double> own = losses(rank), first = losses(ranks[0]);
    return own.size() == first.size() && own != first &&
           std::ranges::none_of(own, [](double loss) { return std::isnan(loss); });
  });
}

// The first step whose loss is no finite number.
std::optional<std::int64_t> step_without_finite_loss(const TrainerLog& log) {
  for (const RankLog& rank : log.ranks) {
    for (const Step& step : rank.steps) {
      if (step.loss && !std::isfinite(*step.loss)) return step.number;
    }
  }
  return std::nullopt;
}

Verdict judge_log(const config::CellConfig& cell, const ReadLog& read, std::int64_t num_steps) {
  if (!read.log) return {Disposition::kCrashed, read.complaint};
  const std::int64_t expected = cell.warmup_steps + cell.steps;
  if (num_steps < expected) {
    return {Disposition::kCrashed,
            fmt::format("the log has {} of {} steps (warm-up included); let it log each step, or "
                        "see its last lines for why it ended",
                        num_steps, expected)};
  }
  if (num_steps > expected) {
    return {Disposition::kCrashed,
            fmt::format("the log has {} steps, {} were asked for (warm-up included); give its "
                        "command {{total_steps}}",
                        num_steps, expected)};
  }
  if (const auto step = step_without_finite_loss(*read.log)) {
    return {Disposition::kIncorrect, fmt::format("loss of step {} is not finite", *step)};
  }
  return {};
}

}  // namespace

RunFacts run_facts(const config::CellConfig& cell) {
  RunFacts facts;
  facts.world_size = cell.ranks;
  facts.warmup_steps = cell.warmup_steps;
  const auto takes = [&](const char* axis) {
    return std::ranges::count(cell.engine.axes, axis) > 0;
  };
  // Without packing a row is as long as its sample, which the trainer alone knows.
  if (cell.packing && takes("packing") && takes("micro_batch") && takes("seq_len")) {
    facts.tokens_per_step = static_cast<double>(cell.micro_batch * cell.seq_len) *
                            static_cast<double>(cell.grad_accumulation * cell.ranks);
  }
  return facts;
}

TrainerMetrics trainer_metrics(const TrainerLog& log, const RunFacts& facts) {
  TrainerMetrics result;
  result.warnings = log.warnings;
  if (log.ranks.empty()) return result;
  TrainerLog aligned = log;
  keep_common_steps(aligned.ranks);
  std::vector<RankResult> ranks;
  for (const RankLog& rank : aligned.ranks) {
    ranks.push_back(rank_result(rank, static_cast<int>(ranks.size()), facts.warmup_steps));
  }
  result.num_steps = count_steps(aligned.ranks[0].steps);
  result.num_measured_steps = count_steps(measured_steps(aligned.ranks[0], facts.warmup_steps));
  result.metrics = merge_metrics(ranks);
  put_rates(aligned, ranks, facts, result);
  put_largest(aligned, facts, "trainer_memory", &Step::memory_bytes, result.metrics);
  put_largest(aligned, facts, "trainer_flops_per_second", &Step::flops_per_s, result.metrics);
  if (!is_of_all_ranks(aligned, facts)) {
    for (auto& [name, metric] : result.metrics) metric.per_rank.clear();
  }
  if (has_differing_losses(ranks)) {
    result.warnings.push_back(
        "the ranks' losses differ, so they are each rank's own; those of rank 0 are shown");
  }
  const bool has_losses = result.metrics.contains("loss");
  if (!has_losses && result.num_steps > 0) {
    result.warnings.push_back("the log has no losses: nothing says that the run trained");
  }
  return result;
}

void state_meaning(const trainers::Meaning& meaning, record::Environment& environment) {
  environment["trainer_tokens_scope"] = to_string(meaning.tokens_scope);
  environment["trainer_tokens_window"] = to_string(meaning.tokens_window);
  environment["trainer_time_window"] = to_string(meaning.time_window);
  environment["trainer_padding"] = to_string(meaning.padding);
  environment["trainer_memory_kind"] = to_string(meaning.memory);
  for (const auto& [name, text] : {std::pair("trainer_memory_rank", meaning.memory_rank),
                                   std::pair("trainer_loss_scope", meaning.loss_scope),
                                   std::pair("trainer_flops_basis", meaning.flops_basis)}) {
    if (!text.empty()) environment[name] = text;
  }
}

void merge_trainer(const config::CellConfig& cell, const ReadLog& read, const Outcome& outcome,
                   record::CellRecord& record) {
  Verdict verdict = judge_processes({}, outcome);
  std::int64_t num_steps = 0;
  if (read.log) {
    TrainerMetrics found = trainer_metrics(*read.log, run_facts(cell));
    num_steps = found.num_steps;
    record.metrics.merge(std::move(found.metrics));
    std::ranges::move(found.warnings, std::back_inserter(record.warnings));
    state_meaning(read.log->meaning, record.environment);
    if (cell.engine.provides_phases) {
      record.environment["profile"] = to_string(config::Profile::kPhases);
    }
  }
  const bool has_log = cell.engine.adapter != "none";
  if (verdict.disposition == Disposition::kOk && has_log) {
    verdict = judge_log(cell, read, num_steps);
  }
  record.disposition = verdict.disposition;
  record.message = verdict.message;
  if (verdict.disposition != Disposition::kOk) record.stderr_tail = output_tail(outcome);
}

}  // namespace moebench::merge
