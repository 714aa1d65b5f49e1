#include <fmt/format.h>

#include <cmath>

#include "harness/trainers/log_text.h"
#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string iteration(int number, const std::string& figures) {
  return fmt::format(
      " [2026-01-01 00:00:00.5] iteration {:8d}/     100 | consumed samples: 64 | {} "
      "global batch size:    64 | number of skipped iterations:   0 | number of nan iterations:   "
      "0 |\n",
      number, figures);
}

TEST(MegatronLm, LinesThatTeePrintsTwiceCountOnce) {
  const TrainerLog log = read_fixture("megatron_lm", "megatron_lm");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(values_of(rank_log, &Step::time_s), ElementsAre(9.5005, 1.2505, 1.245, 1.251));
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("4 lines of steps stand there more than once")));
}

TEST(MegatronLm, ALossThatIsLeftOutIsNaN) {
  const RankLog rank_log = only_rank(read_fixture("megatron_lm", "megatron_lm"));
  EXPECT_EQ(rank_log.steps[1].loss, 9.25);
  EXPECT_TRUE(std::isnan(rank_log.steps[2].loss.value_or(0)));
  EXPECT_EQ(rank_log.steps[2].grad_norm, 1.125);
  // Without a NaN it is unknown: no line has it where it is negative.
  const RankLog other =
      only_rank(read_text("megatron_lm", iteration(1, "elapsed time per iteration (ms): 5.0 |")));
  EXPECT_EQ(other.steps.at(0).loss, std::nullopt);
}

TEST(MegatronLm, GivesSamplesAndNoTokens) {
  const TrainerLog log = read_fixture("megatron_lm", "megatron_lm");
  const Step step = only_rank(log).steps.at(1);
  EXPECT_EQ(step.samples, 256);
  EXPECT_EQ(step.tokens, std::nullopt);
  EXPECT_EQ(step.tokens_per_s, std::nullopt);
  EXPECT_EQ(step.flops_per_s, 410.5e12);
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kUnknown);
}

TEST(MegatronLm, MegabytesOfMemoryAreMiB) {
  const TrainerLog log = read_fixture("megatron_lm", "megatron_lm");
  EXPECT_EQ(only_rank(log).steps.at(1).memory_bytes, 4608 * kMiB);
  EXPECT_EQ(only_rank(log).steps.at(0).memory_bytes, std::nullopt);
  EXPECT_EQ(log.totals.at("theoretical_memory"), (Total{1536 * kMiB, "bytes"}));
}

TEST(MegatronLm, ALineIsOfTheIterationsSinceTheLast) {
  const std::string time = "elapsed time per iteration (ms): 5.0 |";
  const RankLog rank_log = only_rank(
      read_text("megatron_lm", iteration(10, time) + iteration(20, time) + iteration(30, time)));
  EXPECT_EQ(rank_log.steps.at(2).num_steps, 10);
}

TEST(MegatronLm, ReadsPatchedLines) {
  const TrainerLog log = read_text(
      "megatron_lm", iteration(1,
                               "elapsed time per iteration (ms): 5.0 | compute per GPU "
                               "(TFLOP/s/GPU): 300.5 (avg 290.5) | tokens/s/GPU inst/harmonic "
                               "mean: 2000.5/1990.5 |"));
  EXPECT_EQ(only_rank(log).steps.at(0).flops_per_s, 300.5e12);
  EXPECT_EQ(only_rank(log).steps.at(0).tokens_per_s, 2000.5);
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kDevice);
}

TEST(MegatronLm, AResumedRunTrainsStepsAgain) {
  const std::string slow = "elapsed time per iteration (ms): 9.0 |";
  const std::string fast = "elapsed time per iteration (ms): 5.0 |";
  const TrainerLog log = read_text("megatron_lm", iteration(1, slow) + iteration(2, slow) +
                                                      iteration(2, fast) + iteration(3, fast));
  EXPECT_THAT(values_of(only_rank(log), &Step::time_s), ElementsAre(0.009, 0.005, 0.005));
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("first at step 2")));
}

TEST(MegatronBridge, StepTimesGiveFlops) {
  const RankLog rank_log = only_rank(read_fixture("megatron_bridge", "megatron_bridge"));
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(10, 20, 30));
  EXPECT_THAT(values_of(rank_log, &Step::flops_per_s), ElementsAre(24.7e12, 28.9e12, 28.8e12));
  EXPECT_THAT(values_of(rank_log, &Step::loss), ElementsAre(5.5, 5.25, 5));
}

// Another rank prints them: they may come late.
TEST(MegatronBridge, StepTimesMayStandBehindIterations) {
  const RankLog rank_log = only_rank(read_text(
      "megatron_bridge", iteration(1, "elapsed time per iteration (ms): 9000.0 |") +
                             "Step Time : 9.00s GPU utilization: 10.5MODEL_TFLOP/s/GPU\n" +
                             iteration(2, "elapsed time per iteration (ms): 5000.0 |") +
                             "Step Time : 5.00s GPU utilization: 20.5MODEL_TFLOP/s/GPU\n"));
  EXPECT_THAT(values_of(rank_log, &Step::flops_per_s), ElementsAre(10.5e12, 20.5e12));
}

TEST(MegatronBridge, GigabytesOfMemoryAreDecimal) {
  const RankLog rank_log = only_rank(read_fixture("megatron_bridge", "megatron_bridge"));
  EXPECT_EQ(rank_log.steps.at(0).memory_bytes, 60.125e9);
}

}  // namespace
}  // namespace moebench::trainers
