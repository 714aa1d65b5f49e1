#include "harness/session/resume_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "harness/base/error.h"
#include "harness/record/agreement.h"
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
  run.check_numerics = false;  // the check is this one
  return run;
}

// Relative, and infinite where one is not finite: a NaN must not pass as small.
double relative_difference(double got, double want) {
  if (got == want) return 0;
  const double relative = std::abs(got - want) / std::abs(want);
  return std::isfinite(relative) ? relative : std::numeric_limits<double>::infinity();
}

const std::vector<double>& samples_of(const CellRecord& record, const std::string& metric) {
  static const std::vector<double> kNone;
  const auto found = record.metrics.find(metric);
  return found == record.metrics.end() ? kNone : found->second.samples;
}

// By step, relative to the straight run's: the saved run's steps, then those of one that goes on
// from its checkpoint. Nullopt where their numbers do not fit.
std::optional<std::vector<double>> differences(const ResumeRecipe& recipe,
                                               const ResumeRecords& records,
                                               const CellRecord& continued,
                                               const std::string& metric) {
  const std::vector<double>& straight = samples_of(*records.straight, metric);
  std::vector<double> pieces = samples_of(*records.saved, metric);
  if (std::ssize(pieces) != recipe.steps_before) return std::nullopt;
  const std::vector<double>& rest = samples_of(continued, metric);
  pieces.insert(pieces.end(), rest.begin(), rest.end());
  if (std::ssize(straight) != recipe.num_steps() || pieces.size() != straight.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i] = relative_difference(pieces[i], straight[i]);
  }
  return pieces;
}

std::optional<double> largest(const std::optional<std::vector<double>>& differences) {
  return differences ? std::optional(std::ranges::max(*differences)) : std::nullopt;
}

std::string failed_run(const ResumeRecords& records, bool is_rearranged) {
  std::vector<std::pair<const char*, const CellRecord*>> runs = {
      {"straight", records.straight}, {"saved", records.saved}, {"resumed", records.resumed}};
  if (is_rearranged) runs.emplace_back("perturbed", records.perturbed);
  for (const auto& [name, record] : runs) {
    if (record == nullptr) return fmt::format("the {} run was not started", name);
    if (record->disposition == record::Disposition::kOk) continue;
    return fmt::format("the {} run is {}: {}", name, to_string(record->disposition),
                       record->message);
  }
  return "";
}

constexpr const char* kIncomplete = "the runs do not have the steps and checkpoints to compare";

// Where equal bits are demanded.
std::string difference_of_bits(const ResumeCheck& check,
                               const std::optional<checkpoint::Difference>& state) {
  const std::pair<std::string, std::optional<double>> quantities[] = {
      {"the loss", check.loss},
      {"the gradient norm", check.grad_norm},
      {fmt::format("parameter '{}'", state ? state->worst_parameter : ""), check.parameters}};
  for (const auto& [name, difference] : quantities) {
    if (!difference) return kIncomplete;
    if (*difference == 0) continue;
    return fmt::format("{} is off by {}, allowed is 0", name, difference_text(difference));
  }
  return check.is_bit_identical ? "" : "AdamW's moments are not the same bits";
}

// Where rounding may differ.
class RoundingCheck {
 public:
  RoundingCheck(const ResumeRecipe& recipe, const ResumeRecords& records,
                const ResumeStates& states)
      : recipe_(recipe),
        records_(records),
        states_(states),
        factor_(record::noise_factor(*records.straight)) {}

  std::string failure() const {
    const record::LossBound bound = record::loss_bound(*records_.straight);
    for (const auto& [metric, name, allowed] :
         {std::tuple("loss", "the loss", bound.loss),
          std::tuple("grad_norm", "the gradient norm", bound.grad_norm)}) {
      const std::string excess = excess_of(metric, name, allowed);
      if (!excess.empty()) return excess;
    }
    return excess_of_parameters();
  }

 private:
  std::string excess_of(const char* metric, const char* name, double bound) const {
    const auto ours = differences(recipe_, records_, *records_.resumed, metric);
    const auto rounding = differences(recipe_, records_, *records_.perturbed, metric);
    if (!ours || !rounding) return kIncomplete;
    double grown = 0;
    for (std::size_t step = 0; step < ours->size(); ++step) {
      grown = std::max(grown, (*rounding)[step]);
      const double allowed = std::max(bound, factor_ * grown);
      if ((*ours)[step] <= allowed && std::isfinite((*ours)[step])) continue;
      return fmt::format("{} of step {} is off by {}, allowed is {}", name, step + 1,
                         difference_text((*ours)[step]), difference_text(allowed));
    }
    return "";
  }

  std::string excess_of_parameters() const {
    if (!states_.resumed || !states_.perturbed) return kIncomplete;
    const double least = recipe_.straight.dtype == config::Dtype::kFp32 ? 1e-6 : 1e-2;
    const double allowed = std::max(least, factor_ * states_.perturbed->parameters);
    if (states_.resumed->parameters <= allowed) return "";
    return fmt::format("parameter '{}' is off by {}, allowed is {}",
                       states_.resumed->worst_parameter,
                       difference_text(states_.resumed->parameters), difference_text(allowed));
  }

  const ResumeRecipe& recipe_;
  const ResumeRecords& records_;
  const ResumeStates& states_;
  double factor_;
};

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
  CellConfig perturbed = run_of(cell, total - before, total);
  perturbed.perturb_weights = true;
  return {before, run_of(cell, total, total), run_of(cell, before, before),
          run_of(continued, total - before, total), perturbed};
}

ResumeCheck check_resumption(const ResumeRecipe& recipe, const ResumeRecords& records,
                             const ResumeStates& states) {
  ResumeCheck check;
  check.num_steps = recipe.num_steps();
  check.failure = failed_run(records, recipe.is_rearranged());
  if (!check.failure.empty()) return check;
  check.loss = largest(differences(recipe, records, *records.resumed, "loss"));
  check.grad_norm = largest(differences(recipe, records, *records.resumed, "grad_norm"));
  if (states.resumed) check.parameters = states.resumed->parameters;
  check.is_bit_identical =
      check.loss == 0.0 && check.grad_norm == 0.0 && states.resumed && states.resumed->identical;
  if (!recipe.is_rearranged()) {
    check.failure = difference_of_bits(check, states.resumed);
    return check;
  }
  check.loss_by_rounding = largest(differences(recipe, records, *records.perturbed, "loss"));
  check.failure = RoundingCheck(recipe, records, states).failure();
  return check;
}

}  // namespace moebench::session
