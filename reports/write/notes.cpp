#include "reports/write/notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "harness/record/metric_catalogue.h"
#include "reports/compare/hosts.h"
#include "reports/write/attribution.h"
#include "reports/write/engines.h"
#include "reports/write/format_value.h"
#include "reports/write/ladder.h"

namespace moebench::reports {
namespace {

constexpr std::size_t kMaxReferenceLines = 8;
constexpr std::size_t kMaxReasons = 200;  // characters

using Lines = std::vector<std::string>;

// Each once, in the order of first appearance.
class UniqueLines {
 public:
  void add(const std::string& line) {
    if (seen_.insert(line).second) lines_.push_back(line);
  }
  const Lines& lines() const { return lines_; }

 private:
  std::set<std::string> seen_;
  Lines lines_;
};

// "ep_degree 2 (1 of 3 repetitions, cell 0123456789ab)"
std::string name_of(const Cell& cell, const ScenarioCells& scenario) {
  const std::size_t num_failed = static_cast<std::size_t>(
      std::count_if(cell.repetitions.begin(), cell.repetitions.end(),
                    [](const auto* r) { return r->disposition != record::Disposition::kOk; }));
  std::string axes = describe(cell, scenario.varying_axes);
  if (!axes.empty()) axes += " ";
  const std::string count =
      cell.repetitions.size() == 1
          ? ""
          : fmt::format("{} of {} repetitions, ", num_failed, cell.repetitions.size());
  return fmt::format("{}({}cell {})", axes, count, cell.id());
}

std::string known_text(const record::KnownFailure& known) {
  return fmt::format(" (known{}{}: {})", known.until.empty() ? "" : " until ", known.until,
                     known.reason);
}

Lines failure_lines(const ScenarioCells& scenario) {
  Lines lines;
  for (const Cell& cell : scenario.cells) {
    const auto* failure = cell.failure();
    if (!failure) continue;
    const std::string_view message = first_line(failure->message);
    lines.push_back(fmt::format("{}: {}{}{}", disposition_word(failure->disposition),
                                name_of(cell, scenario), message.empty() ? "" : ": ", message));
    if (failure->known_failure) lines.back() += known_text(*failure->known_failure);
  }
  return lines;
}

Lines reference_lines(const Comparison& of) {
  Lines lines;
  if (of.scenario.cells.size() == 1) return lines;
  for (std::size_t i = 0; i < of.references.size(); ++i) {
    const Cell& cell = of.scenario.cells[i];
    const Cell* base = of.references[i];
    if (!cell.ok() || (base && base->ok())) continue;
    lines.push_back(fmt::format("no gain of {}: {}", name_of(cell, of.scenario),
                                base ? "its reference cell failed" : "no single reference cell"));
  }
  if (lines.size() > kMaxReferenceLines) {
    const std::size_t more = lines.size() - kMaxReferenceLines;
    lines.resize(kMaxReferenceLines);
    lines.push_back(fmt::format("no gain of {} more cells for such reasons", more));
  }
  return lines;
}

// Which rounds do not count, and why; each reason once.
Lines disturbance_lines(const Comparison& of) {
  std::map<std::string, int> counts;
  int none_left = 0;
  for (const auto& gain : of.gains("runtime").of_cells()) {
    if (!gain || gain->disturbed.empty()) continue;
    for (const std::string& rule : gain->disturbed) ++counts[rule];
    if (gain->rounds <= static_cast<int>(gain->disturbed.size())) ++none_left;
  }
  if (counts.empty()) return {};
  int sum = 0;
  std::string reasons;
  for (const auto& [rule, count] : counts) {
    sum += count;
    if (reasons.size() > kMaxReasons) continue;
    reasons += fmt::format("{}{}{}", reasons.empty() ? "" : "; ", rule,
                           count > 1 ? fmt::format(" ({} times)", count) : "");
  }
  Lines lines = {
      fmt::format("{} rounds do not count, by the machine's telemetry: {}", sum, reasons)};
  if (none_left > 0) {
    lines.push_back(fmt::format(
        "warning: of {} cells few rounds or none were undisturbed: measure on a quieter machine",
        none_left));
  }
  return lines;
}

// "ep_degree 2" of each cell whose numbers are of several programs.
std::string mixed_cells(const ScenarioCells& scenario) {
  Lines mixed;
  for (const Cell& cell : scenario.cells) {
    if (cell.programs().size() > 1) mixed.push_back(name_of(cell, scenario));
  }
  return fmt::format("{}", fmt::join(mixed, "; "));
}

// Repetitions of a cell that were on other hosts than its first one.
Lines host_lines(const ScenarioCells& scenario) {
  Lines lines;
  for (const Cell& cell : scenario.cells) {
    for (const auto* repetition : cell.repetitions) {
      const std::string text = compare::hosts_difference(*repetition, cell.first());
      if (text.empty()) continue;
      lines.push_back(fmt::format("warning: {}: repetition {} is not of the first one's hosts: {}",
                                  name_of(cell, scenario), repetition->repetition, text));
      break;
    }
  }
  return lines;
}

Lines warning_lines(const ScenarioCells& scenario) {
  UniqueLines lines;
  const Lines programs = scenario.programs();
  if (programs.size() > 1) {
    const std::string mixed = mixed_cells(scenario);
    lines.add(fmt::format("warning: the rows are of {} programs (column program): {}{}",
                          programs.size(), fmt::join(programs, ", "),
                          mixed.empty() ? "" : "; averaged over several: " + mixed));
  }
  for (const std::string& line : host_lines(scenario)) lines.add(line);
  for (const Cell& cell : scenario.cells) {
    for (const auto* repetition : cell.repetitions) {
      for (const auto& warning : repetition->warnings) lines.add("warning: " + warning);
    }
  }
  return lines.lines();
}

// Every value that the records have for a key; more than one means that they are hardly comparable.
std::string environment_values(const ScenarioCells& scenario, const char* key) {
  UniqueLines values;
  for (const Cell& cell : scenario.cells) {
    for (const auto* repetition : cell.repetitions) {
      const auto found = repetition->environment.find(key);
      if (found != repetition->environment.end()) values.add(found->second);
    }
  }
  return fmt::format("{}", fmt::join(values.lines(), " / "));
}

Lines environment_lines(const ScenarioCells& scenario) {
  Lines parts;
  for (const char* key :
       {"cpu_model", "cores_allowed", "threads_per_rank", "git_sha", "git_dirty", "build_type",
        "compiler", "torch_version", "launcher", "device", "device_reason", "device_collectives",
        "gpu_model", "gpu_driver", "router_aux_loss", "weights"}) {
    const std::string values = environment_values(scenario, key);
    if (!values.empty()) parts.push_back(fmt::format("{} {}", key, values));
  }
  if (parts.empty()) return {};
  return {fmt::format("environment: {}", fmt::join(parts, " · "))};
}

bool is_measured(const ScenarioCells& scenario, const char* metric) {
  return std::ranges::any_of(scenario.cells,
                             [&](const Cell& cell) { return cell.value(metric).has_value(); });
}

// "mem_peak: peak bytes of the tensor allocator ..., largest rank; runtime: ...": what the
// catalogue says of the metrics.
std::string defined(const std::vector<const char*>& metrics) {
  std::string text;
  for (const char* metric : metrics) {
    const record::MetricInfo& info = record::metric_info(metric);
    text += fmt::format("{}{}: {}{}", text.empty() ? "" : "; ", info.title, info.definition,
                        info.over_ranks == record::OverRanks::kLargest ? ", largest rank" : "");
  }
  return text + ".";
}

Lines definition_lines(const Comparison& of) {
  const auto& [scenario, rates, reference] = std::tie(of.scenario, of.rates, of.reference);
  const bool any_builtin = is_measured(scenario, "mem_peak");
  Lines lines = {defined(headline_metrics(scenario)) +
                 (any_builtin || !has_other_engines(scenario)
                      ? " Memory has a pass of its own; padding does not count."
                      : " Padding does not count.")};
  if (is_measured(scenario, "gemm_share")) {
    std::string line = defined({"gemm_share"}) +
                       " It is MFU against the rate of large matrix products. Model FLOPs: 6 x "
                       "active parameters without the embedding table x real tokens, and causal "
                       "attention, 6 x layers x heads x head_dim x length^2; padding and "
                       "recomputation excluded.";
    if (std::ranges::any_of(scenario.cells, recomputes)) {
      line +=
          " with recompute (HFU): the layers' forward pass that activation checkpointing "
          "computes again added.";
    }
    const Lines measured = rates.describe(scenario);
    if (!measured.empty()) {
      line += fmt::format(
          " The rate is what runs in these results measured before their steps, under the same "
          "conditions: {}.",
          fmt::join(measured, "; "));
    }
    lines.push_back(line);
  }
  if (!ladder_of(scenario, reference).empty()) {
    lines.push_back(
        "what each rung contributes: each cell against the one before it, all: the last against "
        "the first. share of gain: log(gain) / log(gain of all). / parameter: for each parameter "
        "that a rank holds.");
  }
  if (is_measured(scenario, "mem_estimate")) {
    lines.push_back(
        "memory: phases of the memory pass, largest rank. The estimate takes rows as full and "
        "routing as balanced. outside: resident memory that is neither live tensors nor was there "
        "before the run, once freed memory was handed back.");
  }
  const bool on_gpu = is_measured(scenario, "mem_device_steady_step");
  if (on_gpu) {
    lines.push_back(
        "device memory: of the GPU that needs most, in the memory pass, other processes "
        "included. " +
        defined({"mem_reserved_steady_step", "mem_device_steady_step",
                 "mem_outside_allocator_steady_step"}));
  }
  if (is_measured(scenario, "phase_time_attention")) {
    std::string line =
        "where the time goes: a measured step and the share of its phases, means over steps and "
        "ranks. Waiting for another rank counts where it happens; recomputed layers count as they "
        "did the first time; dispatch and combine include what the backward pass sends.";
    if (on_gpu) {
      line +=
          " On a GPU it is the host's time, which launches work that the GPU does later: a profile "
          "has the GPU's.";
    }
    if (is_measured(scenario, "hidden_time_gather")) {
      line +=
          " hidden: messages of the phase were on their way while the rank did not wait for any, "
          "which is no part of the step's sum; the phase itself has what was waited for.";
    }
    lines.push_back(line);
  }
  if (std::ranges::any_of(of.references, [](const Cell* cell) { return cell != nullptr; })) {
    lines.push_back(fmt::format(
        "gain and Δ: against the cell with {} and otherwise the same axes (degrees of parallelism "
        "aside). gain: how many times faster, above 1 = better; over several rounds the geometric "
        "mean of a round's ratios, with intervals that hold together for all gains of the table "
        "with "
        "{:g} % confidence. ~: cannot be told from 1. ?: of one round, which proves nothing. Δ: "
        "value "
        "/ reference - 1, negative = less memory.",
        reference.text(), kGainConfidence * 100));
  }
  return lines;
}

Lines joined(const std::vector<Lines>& groups) {
  Lines all;
  for (const Lines& lines : groups) all.insert(all.end(), lines.begin(), lines.end());
  return all;
}

}  // namespace

std::vector<std::string> findings_of(const Comparison& of) {
  return joined({failure_lines(of.scenario), reference_lines(of), disturbance_lines(of),
                 missing_corners(attributions_of(of.scenario, of.reference, of.gains("runtime"))),
                 warning_lines(of.scenario)});
}

std::vector<std::string> conditions_of(const Comparison& of) {
  return joined({environment_lines(of.scenario), engine_lines(of.scenario), definition_lines(of)});
}

std::vector<std::string> notes_of(const ScenarioCells& scenario,
                                  const std::vector<std::string>& definitions) {
  return joined(
      {failure_lines(scenario), warning_lines(scenario), environment_lines(scenario), definitions});
}

}  // namespace moebench::reports
