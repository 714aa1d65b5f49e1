#include <cmath>

#include "harness/trainers/log_text.h"
#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// trainer_state.json has the steps and all digits; the same entries on the console add nothing.
TEST(HfTrainer, TheStateSaysWhichStepsEntriesAreOf) {
  const TrainerLog log = read_fixture("hf_trainer", "hf_trainer");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(5, 10, 15));
  EXPECT_EQ(rank_log.steps[0].num_steps, 5);
  EXPECT_THAT(values_of(rank_log, &Step::loss), ElementsAre(3.2125, 2.80625, 2.5));
  EXPECT_THAT(log.warnings, IsEmpty());
}

TEST(HfTrainer, CumulativeCountsBecomeThoseOfAStep) {
  const TrainerLog log = read_fixture("hf_trainer", "hf_trainer");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(values_of(rank_log, &Step::tokens), ElementsAre(4096, 4096, 4096));
  EXPECT_EQ(rank_log.steps[0].time_s, std::nullopt);
  EXPECT_EQ(rank_log.steps[1].time_s, 0.5);
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kGlobal);
  EXPECT_EQ(log.meaning.tokens_window, Window::kCumulative);
  EXPECT_EQ(log.meaning.time_window, Window::kInterval);
}

TEST(HfTrainer, FinalFiguresHaveUnits) {
  const auto totals = read_fixture("hf_trainer", "hf_trainer").totals;
  EXPECT_EQ(totals.at("train_runtime"), (Total{18.5, "s"}));
  EXPECT_EQ(totals.at("total_flos"), (Total{1.25e15, "FLOP"}));
  EXPECT_EQ(totals.at("train_mem_gpu_peaked_delta"), (Total{123456789, "bytes"}));
  EXPECT_EQ(totals.at("train_steps_per_second").unit, "steps/s");
  EXPECT_FALSE(totals.contains("epoch"));
}

TEST(HfTrainer, TheConsoleAloneIsCounted) {
  const TrainerLog log =
      read_text("hf_trainer",
                "  2%|#  | 1/50 [00:01<01:00]{'loss': '2.5', 'grad_norm': 'nan', 'epoch': '0.01'}\n"
                "{'eval_loss': '2.25', 'eval_runtime': '1.5', 'epoch': '0.01'}\n"
                "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 0.02}\r\n"
                "{'loss': nan, 'grad_norm': inf, 'learning_rate': 1e-05, 'epoch': 0.03}\n");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 2, 3));
  EXPECT_TRUE(std::isnan(rank_log.steps[0].grad_norm.value_or(0)));
  EXPECT_EQ(rank_log.steps[1].loss, 0);
  EXPECT_TRUE(std::isnan(rank_log.steps[2].loss.value_or(0)));
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("give trainer_state.json")));
  EXPECT_EQ(log.meaning.time_window, Window::kUnknown);
}

TEST(HfTrainer, AnEpochThatFallsIsARestart) {
  const TrainerLog log =
      read_text("hf_trainer", "{'loss': 2.5, 'epoch': 0.5}\n{'loss': 2.5, 'epoch': 0.25}\n");
  EXPECT_EQ(only_rank(log).steps.size(), 2u);
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("counted from 1"), HasSubstr("began again")));
}

// Release 4 gives its rate at the end, of a device, and from the first batch.
TEST(HfTrainer, ARateAtTheEndIsExtrapolated) {
  const TrainerLog log = read_text("hf_trainer",
                                   "{'loss': 2.5, 'epoch': 0.5}\n"
                                   "{'train_runtime': 20.5, 'train_tokens_per_second': 1000.5}\n");
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kDevice);
  EXPECT_THAT(log.warnings, ::testing::Contains(HasSubstr("extrapolated from the length")));
}

TEST(HfTrainer, ReadsNaNInJson) {
  const TrainerLog log = read_text(
      "hf_trainer", R"({"log_history": [{"epoch": 0.5, "loss": NaN, "step": 2}, 7, null]})",
      "trainer_state.json");
  EXPECT_TRUE(std::isnan(only_rank(log).steps.at(0).loss.value_or(0)));
  EXPECT_EQ(log.num_matched, 1);
}

TEST(HfTrainer, ATornDocumentSaysNothing) {
  EXPECT_EQ(read_text("hf_trainer", R"({"log_history": [{"epoch": 0.5, "lo)", "trainer_state.json")
                .num_matched,
            0);
  EXPECT_EQ(read_text("hf_trainer", R"({"log_history": 5})", "trainer_state.json").num_matched, 0);
}

// The state of a resumed run holds the entries from before it.
TEST(HfTrainer, OfStepsTrainedAgainTheLastCount) {
  const auto state = [](const std::string& name, const std::string& loss) {
    return test_file(name, R"({"log_history": [{"epoch": 1, "loss": 5, "step": 1},)"
                           R"( {"epoch": 2, "step": 2, "loss": )" +
                               loss + "}]}");
  };
  const TrainerLog log =
      read_log(find_adapter("hf_trainer"), {state("a.json", "4"), state("b.json", "3")});
  EXPECT_THAT(values_of(only_rank(log), &Step::loss), ElementsAre(5, 3));
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("more than once"), HasSubstr("began again")));
}

TEST(FmsHfTuning, TimesAreThoseBetweenStamps) {
  const TrainerLog log = read_fixture("fms_hf_tuning", "fms_hf_tuning");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(values_of(rank_log, &Step::loss), ElementsAre(2.5, 2.25, 2));
  EXPECT_THAT(values_of(rank_log, &Step::grad_norm), ElementsAre(1.5, 1.25, 1));
  EXPECT_EQ(rank_log.steps[0].time_s, std::nullopt);
  EXPECT_EQ(rank_log.steps[1].time_s, 2.5);
  EXPECT_EQ(rank_log.steps[2].time_s, 2);
  EXPECT_EQ(rank_log.load_s, 12.5);
  EXPECT_EQ(log.totals.at("train_tokens_per_second"), (Total{3932.16, "tokens/s"}));
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kDevice);
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("extrapolated")));
}

TEST(MsSwift, TimesAreCumulative) {
  const TrainerLog log = read_fixture("ms_swift", "ms_swift");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(5, 10));
  EXPECT_THAT(values_of(rank_log, &Step::time_s), ElementsAre(2.125, 2.125));
  EXPECT_EQ(rank_log.steps[1].memory_bytes, 40.25 * kGiB);
  EXPECT_EQ(rank_log.steps[1].num_steps, 5);
  EXPECT_EQ(log.meaning.time_window, Window::kCumulative);
  EXPECT_EQ(log.totals.at("train_runtime"), (Total{21.25, "s"}));
}

TEST(MsSwift, OlderReleasesInvertTheUnit) {
  const auto line = [](const std::string& loss, const std::string& step, const std::string& rate) {
    return R"({"loss": )" + loss + R"(, "global_step/max_steps": ")" + step +
           R"x(/4", "train_speed(iter/s)": )x" + rate + "}\n";
  };
  const TrainerLog log = read_text(
      "ms_swift", line("2.5", "1", "0.5") + line("NaN", "2", "0.25") + line("2", "3", "0"),
      "logging.jsonl");
  const RankLog rank_log = only_rank(log);
  EXPECT_EQ(rank_log.steps.at(0).time_s, 2);
  EXPECT_EQ(rank_log.steps.at(1).time_s, 4);
  EXPECT_TRUE(std::isnan(rank_log.steps.at(1).loss.value_or(0)));
  EXPECT_EQ(rank_log.steps.at(2).time_s, std::nullopt);
}

TEST(Axolotl, TokensAreADevices) {
  const TrainerLog log = read_fixture("axolotl", "axolotl");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(values_of(rank_log, &Step::tokens_per_s), ElementsAre(2001, 2002, 2003));
  EXPECT_THAT(values_of(rank_log, &Step::loss), ElementsAre(2.25, 2, 1.75));
  EXPECT_EQ(rank_log.steps[0].memory_bytes, 30.5 * kGiB);
  EXPECT_EQ(log.meaning.memory, MemoryKind::kMaxActive);
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kDevice);
}

TEST(LlamaFactory, TokensAreGlobalAndCumulative) {
  const TrainerLog log = read_fixture("llama_factory", "llama_factory");
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(10, 20, 30));
  EXPECT_THAT(values_of(rank_log, &Step::tokens), ElementsAre(16000, 16000, 16000));
  EXPECT_THAT(values_of(rank_log, &Step::tokens_per_s), ElementsAre(8010.5, 8020.5, 8030.5));
  EXPECT_THAT(values_of(rank_log, &Step::grad_norm), ElementsAre(0.5, 0.25, 0.125));
  EXPECT_EQ(rank_log.steps[0].memory_bytes, 20.5 * kGiB);
  EXPECT_EQ(log.meaning.tokens_scope, TokensScope::kGlobal);
  EXPECT_EQ(log.meaning.tokens_window, Window::kCumulative);
  EXPECT_EQ(log.totals.at("effective_tokens_per_sec"), (Total{2001.5, "tokens/s"}));
}

}  // namespace
}  // namespace moebench::trainers
