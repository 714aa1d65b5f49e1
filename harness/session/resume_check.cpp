#include "harness/session/resume_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "reports/write/format_value.h"

namespace moebench::session {
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

}  // namespace

std::string difference_text(const std::optional<double>& difference) {
  if (!difference) return reports::kNone;
  return *difference == 0 ? "0" : fmt::format("{:.1e}", *difference);
}

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

}  // namespace moebench::session
