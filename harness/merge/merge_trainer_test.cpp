#include "harness/merge/merge_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/merge/known_causes.h"

namespace moebench::merge {
namespace {

using record::Disposition;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using trainers::RankLog;
using trainers::Step;
using trainers::TokensScope;
using trainers::TrainerLog;
using trainers::Window;

// Steps of one second and 100 tokens a rank; the first takes five times as long.
RankLog rank_log(int rank, int num_steps) {
  RankLog log;
  log.rank = rank;
  for (int number = 1; number <= num_steps; ++number) {
    Step step;
    step.number = number;
    step.time_s = number == 1 ? 5 : 1 + rank;
    step.tokens = 100;
    step.loss = 6.0 / number;
    step.grad_norm = 1.0 * number;
    log.steps.push_back(step);
  }
  return log;
}

TrainerLog log_of_two(int num_steps) {
  TrainerLog log;
  log.meaning.tokens_scope = TokensScope::kDevice;
  log.meaning.time_window = Window::kStep;
  log.ranks = {rank_log(0, num_steps), rank_log(1, num_steps)};
  return log;
}

constexpr RunFacts kTwoRanks = {.world_size = 2, .warmup_steps = 1};

TEST(TrainerMetrics, OfAllRanksAreThoseOfTheBuiltInEngine) {
  const TrainerMetrics found = trainer_metrics(log_of_two(4), kTwoRanks);
  EXPECT_EQ(found.num_steps, 4);
  EXPECT_EQ(found.num_measured_steps, 3);
  EXPECT_THAT(found.metrics.at("step_time").samples, ElementsAre(2e9, 2e9, 2e9)) << "the slowest";
  EXPECT_EQ(found.metrics.at("runtime").value, 6e9);
  EXPECT_EQ(found.metrics.at("real_tokens").value, 600);
  EXPECT_EQ(found.metrics.at("tokens_per_second").value, 50) << "of a rank";
  EXPECT_EQ(found.metrics.at("global_tokens_per_second").value, 100);
  EXPECT_EQ(found.metrics.at("first_step_time").value, 5e9);
  EXPECT_EQ(found.metrics.at("loss").value, 6.0 / 4);
  EXPECT_THAT(found.warnings, IsEmpty());
}

// The same run, of which one rank or all together wrote a log.
TEST(TrainerMetrics, AScopeSaysWhoseTokensALogCounts) {
  TrainerLog log = log_of_two(4);
  log.ranks.resize(1);
  EXPECT_EQ(trainer_metrics(log, kTwoRanks).metrics.at("tokens_per_second").value, 100);
  log.meaning.tokens_scope = TokensScope::kGlobal;
  EXPECT_EQ(trainer_metrics(log, kTwoRanks).metrics.at("tokens_per_second").value, 50);
  EXPECT_EQ(trainer_metrics(log, kTwoRanks).metrics.at("global_tokens_per_second").value, 100);
  log.meaning.tokens_scope = TokensScope::kUnknown;
  EXPECT_FALSE(trainer_metrics(log, kTwoRanks).metrics.contains("tokens_per_second"));
  RunFacts facts = kTwoRanks;
  facts.tokens_per_step = 640;
  EXPECT_EQ(trainer_metrics(log, facts).metrics.at("tokens_per_second").value, 320);
  EXPECT_THAT(trainer_metrics(log, facts).metrics.at("step_time").per_rank, IsEmpty())
      << "one rank's word is not every rank's";
}

TEST(TrainerMetrics, TheTrainersOwnRateStandsBesideAndIsDoubtedBeyondTwoPercent) {
  TrainerLog log = log_of_two(4);
  log.ranks.resize(1);
  for (Step& step : log.ranks[0].steps) step.tokens_per_s = 101;
  EXPECT_EQ(trainer_metrics(log, kTwoRanks).metrics.at("trainer_tokens_per_second").value, 101);
  EXPECT_THAT(trainer_metrics(log, kTwoRanks).warnings, IsEmpty());
  for (Step& step : log.ranks[0].steps) step.tokens_per_s = 103;
  EXPECT_THAT(trainer_metrics(log, kTwoRanks).warnings,
              ElementsAre(HasSubstr("own tokens/s, 103 a rank (scope device")));
}

TEST(TrainerMetrics, OfACumulativeRateTheLastCountsAndItIsOfARank) {
  TrainerLog log = log_of_two(4);
  log.ranks.resize(1);
  log.meaning.tokens_scope = TokensScope::kGlobal;
  log.meaning.tokens_window = Window::kCumulative;
  for (Step& step : log.ranks[0].steps) step.tokens_per_s = 40.0 + step.number;
  const TrainerMetrics found = trainer_metrics(log, kTwoRanks);
  EXPECT_EQ(found.metrics.at("trainer_tokens_per_second").value, 22);
  EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("window cumulative")));
}

TEST(TrainerMetrics, ALineOfSeveralStepsCountsAsThemAndNeverSplitsTheWarmUp) {
  TrainerLog log;
  log.ranks.resize(1);
  for (const std::int64_t number : {1, 4, 7}) {
    Step step;
    step.number = number;
    step.num_steps = number == 1 ? 1 : 3;
    step.time_s = 2;
    step.loss = 1;
    log.ranks[0].steps.push_back(step);
  }
  const TrainerMetrics found = trainer_metrics(log, {.world_size = 1, .warmup_steps = 2});
  EXPECT_EQ(found.num_steps, 7);
  EXPECT_EQ(found.num_measured_steps, 3) << "steps 2 to 4 hold a step of warm-up";
  EXPECT_EQ(found.metrics.at("runtime").value, 6e9);
}

TEST(TrainerMetrics, StepsThatARankLacksAreNotTheRuns) {
  TrainerLog log = log_of_two(4);
  log.ranks[1].steps.pop_back();
  EXPECT_EQ(trainer_metrics(log, kTwoRanks).num_steps, 3);
}

TEST(TrainerMetrics, LossesOfTheirOwnAreSaid) {
  TrainerLog log = log_of_two(3);
  log.ranks[1].steps[2].loss = 9;
  EXPECT_THAT(trainer_metrics(log, kTwoRanks).warnings, ElementsAre(HasSubstr("losses differ")));
  for (RankLog& rank : log.ranks) {
    for (Step& step : rank.steps) step.loss.reset();
  }
  EXPECT_THAT(trainer_metrics(log, kTwoRanks).warnings, ElementsAre(HasSubstr("has no losses")));
}

class MergeTrainer : public ::testing::Test {
 protected:
  MergeTrainer() {
    cell_.engine.name = "mine";
    cell_.engine.command = {"train"};
    cell_.ranks = 2;
    cell_.warmup_steps = 1;
    cell_.steps = 3;
  }

  record::CellRecord merged(const ReadLog& read, const Outcome& outcome = {}) const {
    record::CellRecord record;
    merge_trainer(cell_, read, outcome, record);
    return record;
  }

  config::CellConfig cell_;
};

TEST_F(MergeTrainer, IsOkWithExitCodeStepsAndLosses) {
  const auto record = merged({log_of_two(4)});
  EXPECT_EQ(record.disposition, Disposition::kOk);
  EXPECT_EQ(record.environment.at("trainer_tokens_scope"), "device");
}

TEST_F(MergeTrainer, SaysWhichOfThemFailedAndKeepsWhatWasMeasured) {
  const auto crashed = merged({log_of_two(4)}, {.exit_code = 1});
  EXPECT_EQ(crashed.disposition, Disposition::kCrashed);
  EXPECT_THAT(crashed.message, HasSubstr("exit code 1"));
  EXPECT_EQ(crashed.value("runtime"), 6e9) << "a valid training may exit with 1";

  const auto short_of = merged({log_of_two(3)});
  EXPECT_EQ(short_of.disposition, Disposition::kCrashed);
  EXPECT_THAT(short_of.message, HasSubstr("3 of 4 steps"));
  EXPECT_THAT(merged({log_of_two(6)}).message, HasSubstr("6 steps, 4 were asked for"));

  TrainerLog log = log_of_two(4);
  log.ranks[1].steps[2].loss = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(merged({log}).disposition, Disposition::kIncorrect);
  EXPECT_THAT(merged({log}).message, HasSubstr("loss of step 3 is not finite"));

  EXPECT_EQ(merged({std::nullopt, "no events"}).message, "no events");
}

TEST_F(MergeTrainer, WithoutAnAdapterTheExitCodeDecides) {
  cell_.engine.adapter = "none";
  EXPECT_EQ(merged({}).disposition, Disposition::kOk);
  EXPECT_EQ(merged({}, {.exit_code = 3}).disposition, Disposition::kCrashed);
}

TEST_F(MergeTrainer, KnowsWhatTorchAndCudaPrintWhereMemoryIsOut) {
  for (const char* line :
       {"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
        "torch.cuda.OutOfMemoryError: CUDA out of memory.",
        "RuntimeError: CUDA error: out of memory",
        "RuntimeError: [enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate "
        "memory: you tried to allocate 4096 bytes."}) {
    EXPECT_EQ(merged({}, {.exit_code = 1, .stderr_text = line}).disposition,
              Disposition::kOutOfMemory)
        << line;
  }
}

}  // namespace
}  // namespace moebench::merge
