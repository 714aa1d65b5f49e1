#include "tools/moebench/resume_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "harness/base/units.h"
#include "reports/write/format_value.h"
#include "reports/write/table.h"
#include "tools/moebench/plan.h"

namespace moebench::cli {
namespace {

using config::CellConfig;
using record::CellRecord;

// A run of `steps` steps of the cell that saves its last state.
CellConfig run_of(const CellConfig& cell, std::int64_t steps, std::int64_t save_at) {
  CellConfig run = cell;
  run.warmup_steps = 0;
  run.steps = steps;
  run.checkpoint_every = save_at;
  run.keep_checkpoints = 0;
  run.repeats = 1;
  run.resumed_as = nullptr;
  return run;
}

// Relative, and infinite where one is not finite: a NaN must not pass as small.
double relative_difference(double got, double want) {
  if (got == want) return 0;
  const double relative = std::abs(got - want) / std::abs(want);
  return std::isfinite(relative) ? relative : std::numeric_limits<double>::infinity();
}

// Of a metric's samples: the saved run's against the straight run's first ones, the resumed run's
// against those that follow. nullopt where their numbers do not fit.
std::optional<double> largest_difference(const ResumeRecipe& recipe, const ResumeRecords& records,
                                         const std::string& metric) {
  const auto samples = [&](const CellRecord& record) {
    const auto found = record.metrics.find(metric);
    return found == record.metrics.end() ? std::vector<double>() : found->second.samples;
  };
  const auto straight = samples(*records.straight);
  std::vector<double> pieces = samples(*records.saved);
  if (std::ssize(pieces) != recipe.steps_before) return std::nullopt;
  const auto rest = samples(*records.resumed);
  pieces.insert(pieces.end(), rest.begin(), rest.end());
  if (std::ssize(straight) != recipe.num_steps() || pieces.size() != straight.size()) {
    return std::nullopt;
  }
  double largest = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    largest = std::max(largest, relative_difference(pieces[i], straight[i]));
  }
  return largest;
}

std::string failed_run(const ResumeRecords& records) {
  const std::pair<const char*, const CellRecord*> runs[] = {
      {"straight", records.straight}, {"saved", records.saved}, {"resumed", records.resumed}};
  for (const auto& [name, record] : runs) {
    if (record == nullptr) return fmt::format("the {} run was not started", name);
    if (record->disposition == record::Disposition::kOk) continue;
    return fmt::format("the {} run is {}: {}", name, to_string(record->disposition),
                       record->message);
  }
  return "";
}

std::string difference_text(const std::optional<double>& difference) {
  if (!difference) return reports::kNone;
  return *difference == 0 ? "0" : fmt::format("{:.1e}", *difference);
}

// The first quantity beyond its bound.
std::string excess(const ResumeCheck& check, const std::string& worst_parameter,
                   const ResumeBounds& bounds) {
  struct Quantity {
    std::string name;
    std::optional<double> difference;
    double bound;
  };
  const Quantity quantities[] = {
      {"the loss", check.loss, bounds.loss},
      {"the gradient norm", check.grad_norm, bounds.grad_norm},
      {fmt::format("parameter '{}'", worst_parameter), check.parameters, bounds.parameters}};
  for (const Quantity& quantity : quantities) {
    if (!quantity.difference) return "the runs do not have the steps and checkpoints to compare";
    if (*quantity.difference <= quantity.bound) continue;
    return fmt::format("{} is off by {}, allowed is {}", quantity.name,
                       difference_text(quantity.difference), difference_text(quantity.bound));
  }
  const bool needs_all_bits = bounds.parameters == 0;
  return needs_all_bits && !check.is_bit_identical ? "AdamW's moments are not the same bits" : "";
}

std::string seconds_text(const std::optional<double>& ns) {
  return reports::format_number(ns ? std::optional(*ns / kNsPerSecond) : std::nullopt);
}

// The axes that a resumed run changes.
std::string resumed_as(const ResumeRow& row) {
  if (!row.recipe.is_rearranged()) return "the same";
  std::string text;
  const auto before = row.recipe.straight.axes(), after = row.recipe.resumed.axes();
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i] == before[i]) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", after[i].first, after[i].second);
  }
  return text;
}

reports::Table table_of(const std::vector<ResumeRow>& rows, const std::vector<std::string>& axes) {
  using reports::Align;
  std::vector<std::optional<double>> bytes;
  for (const ResumeRow& row : rows) bytes.push_back(row.checkpoint_bytes);
  const reports::Unit unit = reports::byte_unit(bytes);
  reports::Table table = {{"cell", Align::kLeft},
                          {"resumed as", Align::kLeft},
                          {"steps compared"},
                          {"loss Δ"},
                          {"gradient norm Δ"},
                          {"parameters Δ"},
                          {"bit-identical", Align::kLeft},
                          {"save (s)"},
                          {"load (s)"},
                          {fmt::format("checkpoint ({})", unit.name)},
                          {"verdict", Align::kLeft}};
  for (const ResumeRow& row : rows) {
    const ResumeCheck& check = row.check;
    auto size = row.checkpoint_bytes;
    if (size) *size /= unit.divisor;
    const std::string cells[] = {
        describe(row.cell, axes),
        resumed_as(row),
        fmt::format("{} + {}", row.recipe.steps_before, check.num_steps - row.recipe.steps_before),
        difference_text(check.loss),
        difference_text(check.grad_norm),
        difference_text(check.parameters),
        check.is_bit_identical ? "yes" : "no",
        seconds_text(row.save_time_ns),
        seconds_text(row.load_time_ns),
        reports::format_number(size),
        check.failure.empty() ? "ok" : "FAILED"};
    for (std::size_t i = 0; i < table.size(); ++i) table[i].cells.push_back(cells[i]);
  }
  return table;
}

}  // namespace

ResumeRecipe make_resume_recipe(const CellConfig& cell,
                                const std::optional<std::int64_t>& steps_before) {
  const std::int64_t total = cell.warmup_steps + cell.steps;
  const std::int64_t before = steps_before.value_or(total / 2);
  if (!cell.resume_from.empty()) {
    throw Error("scenario '{}' sets resume_from, but this trains from the beginning; leave it out",
                cell.scenario);
  }
  if (before < 1 || before >= total) {
    throw Error(
        "scenario '{}' trains {} steps, warm-up included, which cannot be cut after step {}; "
        "train 2 or more, or choose --steps-before within them",
        cell.scenario, total, before);
  }
  const CellConfig& continued = cell.resumed_as ? *cell.resumed_as : cell;
  return {before, run_of(cell, total, total), run_of(cell, before, before),
          run_of(continued, total - before, total)};
}

ResumeBounds resume_bounds(const ResumeRecipe& recipe) {
  if (!recipe.is_rearranged()) return {};
  if (recipe.straight.dtype == config::Dtype::kFp32) return {1e-6, 1e-6, 1e-6};
  return {1e-3, 5e-2, 1e-1};
}

ResumeCheck check_resumption(const ResumeRecipe& recipe, const ResumeRecords& records,
                             const std::optional<checkpoint::Difference>& state) {
  ResumeCheck check;
  check.num_steps = recipe.num_steps();
  check.failure = failed_run(records);
  if (!check.failure.empty()) return check;
  check.loss = largest_difference(recipe, records, "loss");
  check.grad_norm = largest_difference(recipe, records, "grad_norm");
  if (state) check.parameters = state->parameters;
  check.is_bit_identical = check.loss == 0.0 && check.grad_norm == 0.0 && state && state->identical;
  check.failure = excess(check, state ? state->worst_parameter : "", resume_bounds(recipe));
  return check;
}

std::string resume_report(const std::vector<ResumeRow>& rows) {
  std::vector<CellConfig> cells;
  for (const ResumeRow& row : rows) cells.push_back(row.cell);
  const auto axes = varying_axes(cells);
  std::string text = reports::to_markdown(table_of(rows, axes));
  text +=
      "\nΔ: largest relative difference from the run that never stopped, over the steps before + "
      "after "
      "the checkpoint and in the final parameters. Allowed: 0 where ranks and parallelism are the "
      "same, moments included; else 1e-6 in fp32, and 1e-3, 5e-2, 1e-1 in bf16.\n";
  for (const ResumeRow& row : rows) {
    if (row.check.failure.empty()) continue;
    text += fmt::format("- FAILED: {}, resumed as {}: {}\n", describe(row.cell, axes),
                        resumed_as(row), row.check.failure);
  }
  return text;
}

}  // namespace moebench::cli
