#include <algorithm>
#include <cmath>

#include "harness/trainers/log_text.h"
#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Step times of each rank, so that their skew shows, beside the console's loss and tokens/s.
TEST(Torchtitan, JoinsConsoleAndStructuredLogs) {
  const TrainerLog log = read_fixture("torchtitan", "torchtitan");
  ASSERT_EQ(log.ranks.size(), 2u);
  EXPECT_EQ(log.ranks[1].rank, 1);
  EXPECT_THAT(
      values_of(log.ranks[0], &Step::time_s),
      ElementsAre(DoubleNear(2.601, 1e-9), DoubleNear(0.092, 1e-9), DoubleNear(0.093, 1e-9)));
  EXPECT_THAT(
      values_of(log.ranks[1], &Step::time_s),
      ElementsAre(DoubleNear(2.611, 1e-9), DoubleNear(0.102, 1e-9), DoubleNear(0.103, 1e-9)));
  const Step& step = log.ranks[0].steps[2];
  EXPECT_EQ(step.loss, 7.60999);
  EXPECT_EQ(step.grad_norm, 0.9872);
  EXPECT_EQ(step.tokens_per_s, 11318);
  EXPECT_EQ(step.memory_bytes, 22.5 * kGiB);
  EXPECT_EQ(step.flops_per_s, 1091.5e12);
  EXPECT_EQ(step.tokens, 1000);
  EXPECT_EQ(log.ranks[1].steps[2].tokens, 1001);
  EXPECT_EQ(log.ranks[1].steps[2].loss, std::nullopt);
  EXPECT_THAT(step.phases_s, ElementsAre(Pair("fetching_batch", DoubleNear(0.002, 1e-9)),
                                         Pair("forward_backward", DoubleNear(0.073, 1e-9)),
                                         Pair("optimizer", DoubleNear(0.008, 1e-9))));
  EXPECT_THAT(log.warnings, IsEmpty());
}

TEST(Torchtitan, TheConsoleAloneHasNoStepTimes) {
  const auto files = fixture("torchtitan");
  const auto console = std::ranges::find_if(
      files, [](const std::filesystem::path& path) { return path.filename() == "stdout"; });
  const TrainerLog log = read_log(find_adapter("torchtitan"), {*console});
  EXPECT_EQ(log.num_matched, 3);
  EXPECT_EQ(log.meaning.time_window, Window::kUnknown);
  EXPECT_THAT(values_of(only_rank(log), &Step::tokens_per_s), ElementsAre(310, 11204, 11318));
}

// Step 1 is logged, then every tenth.
TEST(Torchtitan, ReadsTheLinesOfOlderReleases) {
  const TrainerLog log = read_text(
      "torchtitan",
      "[rank0]:2025-01-02 - root - INFO - step:  1  loss: 12.2500  memory: 10.50GiB(13.00%)  "
      "tps: 1,024  mfu: 1.50%\n"
      "[rank0]:2025-01-02 - root - INFO - step: 10  loss:      nan  memory: 11.50GiB(14.00%)  "
      "tps: 9,000  mfu: 30.50%\n");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 10));
  EXPECT_EQ(rank_log.steps[1].num_steps, 9);
  EXPECT_TRUE(std::isnan(rank_log.steps[1].loss.value_or(0)));
  EXPECT_EQ(rank_log.steps[1].grad_norm, std::nullopt);
  EXPECT_EQ(rank_log.steps[1].flops_per_s, std::nullopt);
}

// A structured log that a killed process tore says what it says up to there.
TEST(Torchtitan, LeavesOutTornLines) {
  const std::string line =
      R"({"global_rank": 3, "step": 1, "log_type_name": "step_end", "value": 250.0})";
  const TrainerLog log =
      read_text("torchtitan", line + "\n" + line.substr(0, 40), "training.global_rank_3.jsonl");
  EXPECT_EQ(only_rank(log).rank, 3);
  EXPECT_THAT(values_of(only_rank(log), &Step::time_s), ElementsAre(0.25));
}

}  // namespace
}  // namespace moebench::trainers
