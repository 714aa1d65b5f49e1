#include <cmath>

#include "harness/trainers/step_pattern.h"
#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string pattern_error(const std::string& pattern) {
  return error_of([&] { StepPattern unused(pattern); });
}

TEST(Regex, NamedGroupsFillAStep) {
  const AdapterOptions options{
      .pattern = R"(it=(?<step>\d+) took (?P<time_ms>[\d.]+) ms, ce (?<loss>\S+), )"
                 R"(\|g\| (?<grad_norm>\S+), (?<tokens>[\d,]+) tokens)"};
  const TrainerLog log = read_fixture("regex", "regex", options);
  EXPECT_EQ(log.num_matched, 3);
  const RankLog rank_log = only_rank(log);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 2, 3));
  EXPECT_THAT(values_of(rank_log, &Step::time_s), ElementsAre(0.8125, 0.09525, 0.096));
  EXPECT_THAT(values_of(rank_log, &Step::tokens), ElementsAre(2048, 2048, 2040));
  EXPECT_EQ(rank_log.steps[0].loss, 4.5);
  EXPECT_TRUE(std::isnan(rank_log.steps[1].loss.value_or(0)));
  EXPECT_EQ(rank_log.steps[1].grad_norm, HUGE_VAL);
  EXPECT_EQ(log.meaning, Meaning());
}

TEST(Regex, ReadsAllNumbers) {
  const StepPattern pattern(
      R"(^(?<step>\d+) (?<loss>\S+) (?<grad_norm>\S+) (?<memory_gib>\S+) (?<tflops_per_s>\S+)$)");
  const auto step = pattern.step_in("7 nan inf 2 1.5");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->number, 7);
  EXPECT_TRUE(std::isnan(step->loss.value_or(0)));
  EXPECT_EQ(step->grad_norm, HUGE_VAL);
  EXPECT_EQ(step->memory_bytes, 2.0 * (1 << 30));
  EXPECT_EQ(step->flops_per_s, 1.5e12);
  EXPECT_FALSE(pattern.step_in("7 nan inf 2"));
  EXPECT_FALSE(pattern.step_in("99999999999999999999 1 1 1 1"));
}

TEST(Regex, GroupsWithoutNamesAndClassesAreLeftAlone) {
  const StepPattern pattern(R"((a|b)(?:c)[(?<]\((?<step>\d+)\)(?=!))");
  const auto step = pattern.step_in("bc<(12)!");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->number, 12);
}

TEST(Regex, ErrorsPointAtThePlace) {
  EXPECT_THAT(pattern_error(""), HasSubstr("takes a pattern of 1 to 1024 characters; give one"));
  EXPECT_THAT(pattern_error(std::string(2000, 'a')), HasSubstr("1 to 1024 characters"));
  EXPECT_THAT(pattern_error(R"(loss (?<loss>\S+))"),
              AllOf(HasSubstr("no group 'step'"), HasSubstr(R"(write (?<step>\d+))")));
  EXPECT_THAT(pattern_error(R"((?<step>\d+) (?<los>\S+))"),
              AllOf(HasSubstr("character 14"), HasSubstr("did you mean 'loss'?")));
  EXPECT_THAT(pattern_error(R"((?<step>\d+) (?<step>\d+))"), HasSubstr("'step' stands twice"));
  EXPECT_THAT(pattern_error(R"((?<step>\d+)("),
              AllOf(HasSubstr("character 13"), HasSubstr("'(' without its ')'")));
  EXPECT_THAT(pattern_error(R"((?<step>\d+)))"),
              HasSubstr("')' without its '('"));
  EXPECT_THAT(pattern_error(R"([(?<step>\d+))"), HasSubstr("'[' without its ']'"));
  EXPECT_THAT(pattern_error(R"((?<step>\d+)\)"), HasSubstr("nothing behind it"));
  EXPECT_THAT(pattern_error(R"((?<step>\d+) \1)"), HasSubstr("back-references"));
  EXPECT_THAT(pattern_error(R"((?<=x)(?<step>\d+))"), HasSubstr("no group that is known here"));
  EXPECT_THAT(pattern_error(R"((?<step>\d+)a{2)"), HasSubstr("ECMAScript"));
  EXPECT_THAT(pattern_error(R"((?<step>\d+)(x{999}){999})"), HasSubstr("ECMAScript"));
}

// Neither the stack nor the time of a search grows beyond bounds with a line.
TEST(Regex, LongLinesAreCut) {
  const StepPattern pattern(R"((x+x+)+y (?<step>\d+))");
  EXPECT_FALSE(pattern.step_in(std::string(200, 'x')));
  const StepPattern plain(R"(.*step (?<step>\d+))");
  EXPECT_FALSE(plain.step_in(std::string(1 << 20, 'x') + " step 7"));
  EXPECT_TRUE(plain.step_in(std::string(100, 'x') + " step 7"));
}

TEST(Regex, OfStepsTrainedAgainTheLastCount) {
  const TrainerLog log = read_text("regex", "s 1 l 4\ns 2 l 3\ns 2 l 3\ns 1 l 5\n", "stdout",
                                   {.pattern = R"(s (?<step>\d+) l (?<loss>\S+))"});
  EXPECT_THAT(values_of(only_rank(log), &Step::loss), ElementsAre(5));
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("1 lines"), HasSubstr("began again 1 times")));
}

}  // namespace
}  // namespace moebench::trainers
