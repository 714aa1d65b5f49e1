#include <cmath>

#include "harness/trainers/log_text.h"
#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PithTrain, TokensAreGlobal) {
  const TrainerLog log = read_fixture("pith_train", "pith_train");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 2, 3));
  EXPECT_THAT(values_of(rank_log, &Step::time_s), ElementsAre(20.5, 1.25, 1.25));
  EXPECT_THAT(values_of(rank_log, &Step::tokens_per_s), ElementsAre(102300, 1677721, 1677721));
  EXPECT_THAT(values_of(rank_log, &Step::loss), ElementsAre(10.5, 10, 9.5));
  EXPECT_EQ(rank_log.steps[0].grad_norm, 0.75);
  EXPECT_EQ(rank_log.steps[0].memory_bytes, 62.5 * kGiB);
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kGlobal);
}

TEST(PithTrain, ALossMayBeNaN) {
  const TrainerLog log = read_text(
      "pith_train", "step 00000001/00000002 | step-time 1.5 sec | cross-entropy-loss nan");
  EXPECT_TRUE(std::isnan(only_rank(log).steps.at(0).loss.value_or(0)));
}

// While the batch grows, lines have no rates.
TEST(Maxtext, CountsFromZero) {
  const TrainerLog log = read_fixture("maxtext", "maxtext");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 2, 3));
  EXPECT_THAT(values_of(rank_log, &Step::time_s), ElementsAre(30.5, 2.5, 2.25));
  EXPECT_THAT(values_of(rank_log, &Step::loss), ElementsAre(10.875, 10.5, 10.25));
  EXPECT_EQ(rank_log.steps[0].tokens_per_s, std::nullopt);
  EXPECT_EQ(rank_log.steps[1].tokens_per_s, 3276.8);
  EXPECT_EQ(rank_log.steps[1].flops_per_s, 210.25e12);
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kDevice);
}

TEST(Maxtext, AResumedRunKeepsItsNumbers) {
  const TrainerLog log = read_text("maxtext",
                                   "completed step: 100, seconds: 1.5, loss: 2\n"
                                   "completed step: 101, seconds: 1.5, loss: 2\n"
                                   "completed step: 101, seconds: 2.5, loss: 2\n");
  EXPECT_THAT(numbers_of(only_rank(log)), ElementsAre(101, 102));
  EXPECT_EQ(only_rank(log).steps[1].time_s, 2.5);
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("began again")));
}

}  // namespace
}  // namespace moebench::trainers
