#include "harness/session/resume_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/base/error.h"

namespace moebench::session {
namespace {

using ::testing::HasSubstr;

config::CellConfig trained_cell(config::Dtype dtype = config::Dtype::kFp32) {
  config::CellConfig cell;
  cell.scenario = "toy";
  cell.ranks = 2;
  cell.grad_accumulation = 2;
  cell.dtype = dtype;
  cell.warmup_steps = 1;
  cell.steps = 4;
  return cell;
}

config::CellConfig rearranged_cell(config::Dtype dtype = config::Dtype::kFp32) {
  config::CellConfig cell = trained_cell(dtype), other = cell;
  other.parallelism = config::Parallelism::kEp;
  other.ep_degree = 2;
  cell.resumed_as = std::make_shared<const config::CellConfig>(other);
  return cell;
}

record::CellRecord record_of(std::vector<double> losses, std::vector<double> norms) {
  record::CellRecord record;
  record.axes = {{"dtype", "fp32"}};
  record.metrics["loss"] = {.unit = "1"};
  record.metrics["loss"].samples = std::move(losses);
  record.metrics["grad_norm"] = {.unit = "1"};
  record.metrics["grad_norm"].samples = std::move(norms);
  return record;
}

// Five steps, two of them before the checkpoint; all as they should be.
struct Runs {
  record::CellRecord straight = record_of({5, 4, 3, 2, 1}, {9, 8, 7, 6, 5});
  record::CellRecord saved = record_of({5, 4}, {9, 8});
  record::CellRecord resumed = record_of({3, 2, 1}, {7, 6, 5});
  // One rounding aside: step 4's loss by 1e-4.
  record::CellRecord perturbed = record_of({3, 2.0002, 1}, {7, 6, 5});
  std::optional<checkpoint::Difference> state = checkpoint::Difference{};
  std::optional<checkpoint::Difference> perturbed_state = checkpoint::Difference{};

  ResumeCheck check(const config::CellConfig& cell) const {
    const ResumeRecipe recipe = make_resume_recipe(cell, {});
    return check_resumption(
        recipe, {&straight, &saved, &resumed, recipe.is_rearranged() ? &perturbed : nullptr},
        {state, perturbed_state});
  }
};

TEST(ResumeRecipe, CutsAllStepsInTwoAndSavesAtTheEnds) {
  const ResumeRecipe recipe = make_resume_recipe(trained_cell(), {});
  EXPECT_EQ(recipe.num_steps(), 5);
  EXPECT_EQ(recipe.steps_before, 2);
  EXPECT_EQ(recipe.straight.checkpoint_every, 5);
  EXPECT_EQ(recipe.saved.steps, 2);
  EXPECT_EQ(recipe.saved.checkpoint_every, 2);
  EXPECT_EQ(recipe.resumed.steps, 3);
  EXPECT_EQ(recipe.resumed.checkpoint_every, 5);
  for (const auto* run : {&recipe.straight, &recipe.saved, &recipe.resumed}) {
    EXPECT_EQ(run->warmup_steps, 0);
  }
  EXPECT_FALSE(recipe.is_rearranged());
  EXPECT_EQ(make_resume_recipe(trained_cell(), 4).resumed.steps, 1);
}

TEST(ResumeRecipe, ResumesAsTheCellSays) {
  const ResumeRecipe recipe = make_resume_recipe(rearranged_cell(), {});
  EXPECT_EQ(recipe.saved.parallelism, config::Parallelism::kFsdp);
  EXPECT_EQ(recipe.resumed.parallelism, config::Parallelism::kEp);
  EXPECT_EQ(recipe.resumed.steps, 3);
  EXPECT_TRUE(recipe.is_rearranged());
}

TEST(ResumeRecipe, StepsMustLieOnBothSides) {
  EXPECT_THROW(make_resume_recipe(trained_cell(), 5), Error);
  config::CellConfig cell = trained_cell();
  cell.warmup_steps = 0;
  cell.steps = 1;
  EXPECT_THROW(make_resume_recipe(cell, {}), Error);
  cell = trained_cell();
  cell.resume_from = "/c";
  EXPECT_THROW(make_resume_recipe(cell, {}), Error);
}

TEST(ResumeCheck, EqualBitsPass) {
  const ResumeCheck check = Runs().check(trained_cell());
  EXPECT_EQ(check.failure, "");
  EXPECT_TRUE(check.is_bit_identical);
  EXPECT_EQ(check.num_steps, 5);
  EXPECT_EQ(check.loss, 0);
  EXPECT_EQ(check.parameters, 0);
}

TEST(ResumeCheck, OneBitFailsInTheSameArrangementOnly) {
  Runs runs;
  runs.resumed.metrics["loss"].samples[1] = std::nextafter(2.0, 3.0);
  EXPECT_EQ(runs.check(trained_cell()).failure, "the loss is off by 2.2e-16, allowed is 0");
  EXPECT_FALSE(runs.check(trained_cell()).is_bit_identical);
  EXPECT_EQ(runs.check(rearranged_cell()).failure, "");
  EXPECT_FALSE(runs.check(rearranged_cell()).is_bit_identical);
}

TEST(ResumeCheck, TheStepsBeforeTheCheckpointCountToo) {
  Runs runs;
  runs.saved.metrics["grad_norm"].samples[0] = 9.1;
  EXPECT_THAT(runs.check(trained_cell()).failure, HasSubstr("the gradient norm is off by 1.1e-02"));
}

TEST(ResumeCheck, TheFinalStateCounts) {
  Runs runs;
  runs.state->identical = false;
  runs.state->moments = 1e-3;
  EXPECT_EQ(runs.check(trained_cell()).failure, "AdamW's moments are not the same bits");
  EXPECT_EQ(runs.check(rearranged_cell()).failure, "");
  runs.state->parameters = 2e-6;
  runs.state->worst_parameter = "lm_head.weight";
  EXPECT_EQ(runs.check(rearranged_cell()).failure,
            "parameter 'lm_head.weight' is off by 2.0e-06, allowed is 1.0e-06");
  runs.perturbed_state->parameters = 1e-6;
  EXPECT_EQ(runs.check(rearranged_cell()).failure, "");
  runs.state->parameters = 1e-4;
  EXPECT_THAT(runs.check(rearranged_cell()).failure, HasSubstr("allowed is 2.0e-05"));
  runs.state.reset();
  EXPECT_THAT(runs.check(trained_cell()).failure,
              HasSubstr("do not have the steps and checkpoints to compare"));
}

TEST(ResumeCheck, ALossThatDiffersIsNamedWithItsBound) {
  Runs runs;
  runs.resumed.metrics["loss"].samples[0] = 6;
  EXPECT_EQ(runs.check(rearranged_cell()).failure,
            "the loss of step 3 is off by 1.0e+00, allowed is 1.0e-05");
}

// Rounding grows from step to step: what is allowed is measured, and what it was allowed at a step
// says nothing of the steps before.
TEST(ResumeCheck, AnotherArrangementMayDifferAsRoundingDoes) {
  Runs runs;
  runs.resumed.metrics["loss"].samples = {3, 2.002, 1.001};
  EXPECT_EQ(runs.check(rearranged_cell()).failure, "");
  EXPECT_NEAR(*runs.check(rearranged_cell()).loss_by_rounding, 1e-4, 1e-12);
  runs.resumed.metrics["loss"].samples = {3.001, 2, 1};
  EXPECT_THAT(runs.check(rearranged_cell()).failure, HasSubstr("the loss of step 3 is off"));
}

TEST(ResumeCheck, NumbersThatAreNoneNeverPass) {
  Runs runs;
  runs.resumed.metrics["loss"].samples[2] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(runs.check(rearranged_cell()).failure, HasSubstr("off by inf"));
  runs.resumed.metrics["loss"].samples.pop_back();
  EXPECT_THAT(runs.check(rearranged_cell()).failure, HasSubstr("do not have the steps"));
  runs.resumed.metrics.erase("loss");
  EXPECT_THAT(runs.check(rearranged_cell()).failure, HasSubstr("do not have the steps"));
}

TEST(ResumeCheck, AFailedRunIsTheReason) {
  Runs runs;
  runs.resumed.disposition = record::Disposition::kCrashed;
  runs.resumed.message = "rank 1: checkpoint file 'x' is damaged";
  const ResumeCheck check = runs.check(trained_cell());
  EXPECT_EQ(check.failure, "the resumed run is crashed: rank 1: checkpoint file 'x' is damaged");
  EXPECT_EQ(check.loss, std::nullopt);
  EXPECT_EQ(check_resumption(make_resume_recipe(trained_cell(), {}), {&runs.straight}, {}).failure,
            "the saved run was not started");
}

}  // namespace
}  // namespace moebench::session
