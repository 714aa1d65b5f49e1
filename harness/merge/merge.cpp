#include "harness/merge/merge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "harness/base/check.h"
#include "harness/base/words.h"
#include "harness/merge/gpu_warnings.h"
#include "harness/merge/last_words.h"
#include "harness/merge/metric_warnings.h"
#include "harness/merge/rank_facts.h"
#include "harness/record/metric_catalogue.h"

namespace moebench::merge {
namespace {

using record::Disposition;
using record::RankResult;

// The worst first: what a rank says about itself explains more than how its process ended, but a
// plain crash may only be the echo of a peer's end.
const RankResult* failed_rank(const RankResults& ranks) {
  for (const Disposition worst :
       {Disposition::kUnsupported, Disposition::kOutOfMemory, Disposition::kIncorrect,
        Disposition::kTimedOut, Disposition::kCrashed}) {
    for (const auto& rank : ranks) {
      if (rank && rank->disposition == worst) return &*rank;
    }
  }
  return nullptr;
}

std::vector<int> ranks_without_result(const RankResults& ranks) {
  std::vector<int> missing;
  for (int rank = 0; rank < std::ssize(ranks); ++rank) {
    if (!ranks[static_cast<std::size_t>(rank)]) missing.push_back(rank);
  }
  return missing;
}

// Which results are not there, behind how it ended: of the ranks but the one that ended first,
// where that is known. Nothing of an engine whose ranks leave none.
std::string what_is_missing(const RankResults& ranks, std::vector<int> missing,
                            const Outcome& outcome) {
  if (ranks.empty()) return "";
  if (missing.empty()) return ", though every rank left a result";
  const auto dead = first_dead_rank(outcome);
  if (dead && std::erase(missing, dead->rank) > 0) {
    if (missing.empty()) return "";
    const bool is_all_others = missing.size() > 1 && missing.size() + 1 == ranks.size();
    return fmt::format(
        ", and with it {} of {}",
        is_all_others ? fmt::format("the other {}", missing.size()) : rank_ranges(missing),
        ranks.size());
  }
  return fmt::format("; no result of {} of {}", rank_ranges(missing), ranks.size());
}

// Whether a cell is not ok without a metric that the catalogue says is so required.
bool is_required(record::Required required, const config::CellConfig& cell) {
  const bool trains = cell.measure == config::Measure::kTrain;
  const bool resumes = !cell.resume_from.empty();
  const bool reaches_a_save =
      cell.checkpoint_every > 0 && cell.warmup_steps + cell.steps >= cell.checkpoint_every;
  switch (required) {
    case record::Required::kNever:
      return false;
    case record::Required::kAlways:
      return true;
    case record::Required::kTraining:
      return trains;
    case record::Required::kLoading:
      return !trains;
    case record::Required::kWarmUp:
      return trains && cell.warmup_steps > 0;
    case record::Required::kResuming:
      return trains && resumes;
    case record::Required::kSaving:
      return trains && !resumes && reaches_a_save;
  }
  MOEBENCH_CHECK(!"a requirement outside its enumeration");
}

Verdict judge_completeness(const config::CellConfig& cell, const record::Metrics& metrics) {
  std::vector<std::string_view> missing;
  for (const record::MetricInfo& info : record::metric_catalogue()) {
    const bool is_missing = !metrics.contains(std::string(info.name));
    if (is_missing && is_required(info.required, cell)) missing.push_back(info.name);
  }
  if (!missing.empty()) {
    return {Disposition::kCrashed,
            fmt::format("not measured, or not on every rank: {}", fmt::join(missing, ", "))};
  }
  if (cell.measure == config::Measure::kLoad) return {};
  const auto steps = static_cast<std::int64_t>(metrics.at("step_time").samples.size());
  if (steps != cell.steps) {
    return {Disposition::kCrashed,
            fmt::format("{} steps were measured, {} were asked for", steps, cell.steps)};
  }
  return {};
}

Verdict judge_numerics(const std::vector<RankResult>& ranks, const record::Metrics& metrics) {
  for (const record::MetricInfo& info : record::metric_catalogue()) {
    if (info.over_ranks != record::OverRanks::kSame) continue;
    const std::string name(info.name);
    if (!metrics.contains(name)) continue;  // of what the cell did not measure
    const auto& expected = ranks[0].metrics.at(name).samples;
    for (const RankResult& rank : ranks) {
      const auto& samples = rank.metrics.at(name).samples;
      for (std::size_t step = 0; step < samples.size(); ++step) {
        if (!std::isfinite(samples[step])) {
          return {Disposition::kIncorrect,
                  fmt::format("{} of step {} on rank {} is not finite", name, step + 1, rank.rank)};
        }
        if (samples[step] != expected[step]) {
          return {Disposition::kIncorrect,
                  fmt::format("{} of step {} differs: {} on rank 0, {} on rank {}", name, step + 1,
                              expected[step], samples[step], rank.rank)};
        }
      }
    }
  }
  return {};
}

// A cell says how many hosts it is of: ranks that lie otherwise measured another.
Verdict judge_placement(const config::CellConfig& cell, const std::vector<RankResult>& ranks) {
  if (cell.nodes == 0 || std::ssize(ranks) != cell.ranks) return {};
  std::map<std::string, std::vector<int>> ranks_of;
  std::set<std::pair<std::int64_t, std::string>> places;
  for (const RankResult& rank : ranks) {
    const std::string host = record::fact(rank.environment, "host");
    if (host.empty()) return {};
    ranks_of[host].push_back(rank.rank);
    places.emplace(rank.rank / cell.ranks_per_node, host);
  }
  const bool is_as_said = std::ssize(ranks_of) == cell.nodes && std::ssize(places) == cell.nodes;
  if (is_as_said) return {};
  std::vector<std::string> found;
  for (const auto& [host, its] : ranks_of) {
    found.push_back(fmt::format("{} on '{}'", rank_ranges(its), host));
  }
  return {Disposition::kIncorrect, fmt::format("{} nodes x {} ranks are wanted, but {} ran",
                                               cell.nodes, cell.ranks_per_node, listed(found))};
}

}  // namespace

Verdict judge_processes(const RankResults& ranks, const Outcome& outcome) {
  const RankResult* failed = failed_rank(ranks);
  const auto rank_message = [&] {
    return fmt::format("rank {}: {}", failed->rank,
                       failed->message.empty() ? to_string(failed->disposition) : failed->message);
  };
  if (failed != nullptr && failed->disposition != Disposition::kCrashed) {
    return {failed->disposition, rank_message()};
  }
  if (!outcome.timed_out.empty()) {
    return {Disposition::kTimedOut, outcome.timed_out + details(outcome)};
  }
  if (outcome.killed_for_memory) {
    return {Disposition::kOutOfMemory,
            fmt::format("a rank was killed for memory by the kernel ({}){}", how_it_ended(outcome),
                        details(outcome))};
  }
  const auto missing = ranks_without_result(ranks);
  // That a peer was killed is what the others only see the end of.
  const bool peer_was_killed = !missing.empty() && ending_signal(outcome) != 0;
  if (failed != nullptr && !peer_was_killed) return {Disposition::kCrashed, rank_message()};
  if (missing.empty() && outcome.exit_code == 0 && outcome.signal == 0) return {};
  const Explanation why = explain(outcome);
  return {why.is_out_of_memory ? Disposition::kOutOfMemory : Disposition::kCrashed,
          fmt::format("{}{}{}{}", failed == nullptr ? "" : rank_message() + "; ",
                      how_it_ended(outcome), what_is_missing(ranks, missing, outcome), why.text)};
}

void merge(const config::CellConfig& cell, const RankResults& ranks, const Outcome& outcome,
           record::CellRecord& record) {
  MOEBENCH_CHECK(static_cast<std::int64_t>(ranks.size()) == cell.processes());
  Verdict verdict = judge_processes(ranks, outcome);
  record.metrics = estimate_metrics(cell);
  if (ranks_without_result(ranks).empty()) {
    std::vector<RankResult> results;
    for (const auto& rank : ranks) results.push_back(*rank);
    record.metrics.merge(merge_metrics(results));
    if (verdict.disposition == Disposition::kOk) {
      verdict = judge_completeness(cell, record.metrics);
    }
    if (verdict.disposition == Disposition::kOk) verdict = judge_placement(cell, results);
    // A load compares what it has loaded with the checkpoint itself.
    if (verdict.disposition == Disposition::kOk && cell.measure == config::Measure::kTrain) {
      verdict = judge_numerics(results, record.metrics);
    }
  }
  record.disposition = verdict.disposition;
  record.message = verdict.message;
  if (verdict.disposition != Disposition::kOk) record.stderr_tail = output_tail(outcome);
  RankFacts facts = merge_facts(ranks);
  for (auto& [name, fact] : facts.environment) record.environment[name] = std::move(fact);
  for (std::string& warning : facts.warnings) record.warnings.push_back(std::move(warning));
  for (const auto& find_warnings : {metric_warnings, gpu_warnings}) {
    for (std::string& warning : find_warnings(ranks)) record.warnings.push_back(std::move(warning));
  }
}

}  // namespace moebench::merge
