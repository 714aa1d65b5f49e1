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
  std::int64_t num_steps() const { return straight.steps; }
  // Whether the resumed run differs from the others in any axis.
  bool is_rearranged() const { return straight.axes() != resumed.axes(); }
};

// All steps of the cell, warm-up included, cut after `steps_before` or in the middle. Error where
// that leaves a run without a step, or where the cell resumes something itself.
ResumeRecipe make_resume_recipe(const config::CellConfig& cell,
                                const std::optional<std::int64_t>& steps_before);

// Records of the three runs; nullptr for one that was not started, since one before it failed.
struct ResumeRecords {
  const record::CellRecord* straight = nullptr;
  const record::CellRecord* saved = nullptr;
  const record::CellRecord* resumed = nullptr;
};

struct ResumeCheck {
  std::int64_t num_steps = 0;  // compared
  // Largest relative differences from the straight run; nullopt where not compared.
  std::optional<double> loss;
  std::optional<double> grad_norm;
  std::optional<double> parameters;  // final ones
  bool is_bit_identical = false;     // losses, norms, final parameters and moments
  std::string failure;               // why the check fails; empty where it passes
};

// Largest relative differences that are allowed: in the same arrangement 0, and the final moments
// must have the same bits. In another, sums come in another order: fp32 1e-6; bf16 1e-3, 5e-2 and
// 1e-1, for which mixtral-tiny over 18 steps at the high learning rate 1e-3 showed 4e-4, 2e-2 and
// 5e-2.
struct ResumeBounds {
  double loss = 0;
  double grad_norm = 0;
  double parameters = 0;
};
ResumeBounds resume_bounds(const ResumeRecipe& recipe);

// Pure. `state`: the resumed run's final checkpoint against the straight one's, nullopt where
// there are none to compare.
ResumeCheck check_resumption(const ResumeRecipe& recipe, const ResumeRecords& records,
                             const std::optional<checkpoint::Difference>& state);

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
