#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/checkpoint/difference.h"
#include "harness/config/cell.h"
#include "harness/record/record.h"

namespace moebench::session {

// The runs that prove a cell's resumption. None has a warm-up, so that every step is on record.
struct ResumeRecipe {
  std::int64_t steps_before = 0;  // of the checkpoint that is resumed
  config::CellConfig straight;    // all steps, then a checkpoint
  config::CellConfig saved;       // the first steps, then a checkpoint
  config::CellConfig resumed;     // the other steps, then a checkpoint; `resume_from` is not set
  // As `resumed`, but arranged as `saved` and with every weight one unit in its last place off: it
  // shows what rounding does. Runs where `resumed` is arranged otherwise.
  config::CellConfig perturbed;
  std::int64_t num_steps() const { return straight.steps; }
  // Whether the resumed run differs from the others in any axis.
  bool is_rearranged() const { return straight.axes() != resumed.axes(); }
};

// All steps of the cell, warm-up included, cut after `steps_before` or in the middle. Error where
// that leaves a run without a step, or where the cell resumes something itself.
ResumeRecipe make_resume_recipe(const config::CellConfig& cell,
                                const std::optional<std::int64_t>& steps_before);

// Records of the runs; nullptr for one that was not started, since one before it failed, or it is
// not needed.
struct ResumeRecords {
  const record::CellRecord* straight = nullptr;
  const record::CellRecord* saved = nullptr;
  const record::CellRecord* resumed = nullptr;
  const record::CellRecord* perturbed = nullptr;
};

// Final checkpoints against the straight run's; nullopt where there are none to compare.
struct ResumeStates {
  std::optional<checkpoint::Difference> resumed, perturbed;
};

struct ResumeCheck {
  std::int64_t num_steps = 0;  // compared
  // Largest relative differences from the straight run; nullopt where not compared.
  std::optional<double> loss;
  std::optional<double> grad_norm;
  std::optional<double> parameters;  // final ones
  bool is_bit_identical = false;     // losses, norms, final parameters and moments
  // The same of the perturbed run, over the steps behind the checkpoint.
  std::optional<double> loss_by_rounding;
  std::string failure;  // why the check fails; empty where it passes
};

// In the same arrangement nothing may differ, and the final moments must have the same bits. In
// another, sums come in another order, and what that does grows with every step: each step's loss
// and gradient norm, and the final parameters, may differ by record::noise_factor() times what the
// perturbed run's did so far, and by no less than record::loss_bound(). The steps before the
// checkpoint are arranged alike. Pure.
ResumeCheck check_resumption(const ResumeRecipe& recipe, const ResumeRecords& records,
                             const ResumeStates& states);

// A relative difference as a word: "0", "1.0e-06", "-" where there is none.
std::string difference_text(const std::optional<double>& difference);

// One checked cell.
struct ResumeRow {
  config::CellConfig cell;
  ResumeRecipe recipe;
  ResumeCheck check;
  std::optional<double> save_time_ns, load_time_ns, checkpoint_bytes;
};

}  // namespace moebench::session
