#include <cmath>

#include "harness/trainers/log_text.h"
#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The file is written late: what it lacks is on the console.
TEST(Automodel, JoinsFileAndConsole) {
  const TrainerLog log = read_fixture("automodel", "automodel");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 2, 3));
  EXPECT_THAT(values_of(rank_log, &Step::loss), ElementsAre(7.5, 7.25, 7));
  EXPECT_THAT(values_of(rank_log, &Step::tokens_per_s), ElementsAre(16384, 16384, 16384));
  EXPECT_EQ(rank_log.steps[0].tokens, 32768);
  EXPECT_EQ(rank_log.steps[0].time_s, 2);
  EXPECT_EQ(rank_log.steps[2].time_s, std::nullopt);
  EXPECT_EQ(rank_log.steps[2].memory_bytes, 50.5 * kGiB);
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kGlobal);
}

TEST(Automodel, AFileMayHaveWhatTheConsoleLacks) {
  const std::string line = R"({"step": 0, "loss": 3.5, "tps": 8.0, "tps_per_gpu": 4.0})";
  const auto files = std::vector<std::filesystem::path>{
      test_file("stdout", "step 1 | epoch 0 | loss 2.5000 | tps 8.00(4.00/gpu)\n"),
      test_file("training.jsonl", line)};
  const TrainerLog log = read_log(find_adapter("automodel"), files);
  EXPECT_THAT(values_of(only_rank(log), &Step::loss), ElementsAre(3.5, 2.5));
}

TEST(Automodel, BenchmarksSpeakOfEachRank) {
  const TrainerLog log = read_fixture("automodel_benchmark", "automodel");
  ASSERT_EQ(log.ranks.size(), 2u);
  EXPECT_EQ(log.world_size, 8);
  const RankLog& rank_log = log.ranks[1];
  EXPECT_EQ(rank_log.rank, 1);
  EXPECT_EQ(rank_log.warmup_steps, 1);
  EXPECT_EQ(rank_log.warmup_s, 20.5);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(values_of(rank_log, &Step::time_s), ElementsAre(20.5, 2.5, 2.5, 2.5));
  EXPECT_EQ(rank_log.steps[0].memory_bytes, 61.5 * kGiB);
  EXPECT_EQ(rank_log.steps[3].loss, 10.25);
  EXPECT_EQ(rank_log.steps[3].tokens, 16 * 4096);
}

TEST(Automodel, ATotalThatIsCalledPerGpuIsGivenAsATotal) {
  const TrainerLog log = read_fixture("automodel_benchmark", "automodel");
  EXPECT_EQ(log.totals.at("global_step_flop"), (Total{4800e12, "FLOP"}));
  EXPECT_EQ(log.totals.at("avg_mfu").unit, "1");
  EXPECT_THAT(log.warnings,
              ElementsAre(AllOf(HasSubstr("tflops_per_gpu"), HasSubstr("no rate of one"))));
  for (const Step& step : log.ranks[0].steps) EXPECT_EQ(step.flops_per_s, std::nullopt);
}

TEST(Automodel, ASummaryAloneIsOneEntry) {
  const TrainerLog log =
      read_log(find_adapter("automodel"),
               {trainers_folder() / "fixtures/automodel_benchmark/benchmark.json"});
  const RankLog rank_log = only_rank(log);
  ASSERT_EQ(rank_log.steps.size(), 1u);
  EXPECT_EQ(rank_log.steps[0].number, 4);
  EXPECT_EQ(rank_log.steps[0].num_steps, 3);
  EXPECT_EQ(rank_log.steps[0].time_s, 2.5);
  EXPECT_EQ(log.meaning.time_window, Window::kInterval);
}

// With gradient accumulation a rank has a line for each batch of a step.
TEST(Automodel, BatchesOfAStepAreOneStep) {
  const TrainerLog log =
      read_text("automodel",
                "Rank 0 | Iteration 0 | GA step 0 | Max Memory Allocated: 8.50 GB | loss=3.5\n"
                "Rank 0 | Iteration 0 | GA step 1 | Max Memory Allocated: 9.50 GB | loss=nan\n");
  const RankLog rank_log = only_rank(log);
  ASSERT_EQ(rank_log.steps.size(), 1u);
  EXPECT_EQ(rank_log.steps[0].memory_bytes, 9.5 * kGiB);
  EXPECT_TRUE(std::isnan(rank_log.steps[0].loss.value_or(0)));
}

}  // namespace
}  // namespace moebench::trainers
