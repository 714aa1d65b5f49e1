#include <cmath>

#include "harness/trainers/log_text.h"
#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string kTimer =
    "[timer.py:264:stop] epoch=0/micro_step=2/global_step=2, RunningAvgSamplesPerSec=8.5, "
    "CurrSamplesPerSec=8.5, MemAllocated=1.5GB, MaxMemAllocated=2.5GB\n";

TEST(Deepspeed, JoinsTimersPhasesAndLosses) {
  const TrainerLog log = read_fixture("deepspeed", "deepspeed");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(10, 20, 30));
  EXPECT_THAT(values_of(rank_log, &Step::loss), ElementsAre(3.5, 3.25, 3));
  EXPECT_EQ(rank_log.steps[1].memory_bytes, 21.5 * kGiB);
  EXPECT_EQ(rank_log.steps[1].samples, 32);
  EXPECT_THAT(rank_log.steps[1].phases_s,
              ElementsAre(Pair("backward", DoubleNear(0.402, 1e-9)), Pair("forward", 0.2),
                          Pair("optimizer", 0.05025)));
  EXPECT_EQ(log.totals.at("running_samples_per_s"), (Total{15.8, "samples/s"}));
  EXPECT_THAT(log.warnings, IsEmpty());
}

TEST(Deepspeed, LossesAloneAreNumberedByTheirSamples) {
  const TrainerLog log = read_text("deepspeed", "step,train_loss\n64,3.5\n128,nan\n192,3\n",
                                   "Train_Samples_train_loss.csv");
  EXPECT_THAT(numbers_of(only_rank(log)), ElementsAre(1, 2, 3));
  EXPECT_TRUE(std::isnan(only_rank(log).steps[1].loss.value_or(0)));
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("taken to be 64")));
}

TEST(Deepspeed, PhasesWithoutTheirStepsAreLeftOut) {
  const TrainerLog log = read_text("deepspeed",
                                   "time (ms) | fwd: 1.5 | bwd: 2.5 | step: 3.5\n"
                                   "time (ms) | fwd: 1.5 | bwd: 2.5 | step: 3.5\n" +
                                       kTimer);
  EXPECT_THAT(only_rank(log).steps.at(0).phases_s, IsEmpty());
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("2 lines of phases do not go with 1 lines")));
}

}  // namespace
}  // namespace moebench::trainers
