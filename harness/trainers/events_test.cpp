#include <fmt/format.h>

#include <cmath>

#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string kBegin =
    R"({"event":"begin","time_ns":10,"span":"run","version":1,"rank":0,"world_size":1})"
    "\n";

std::string begin_step(int step, std::int64_t time_ns) {
  return fmt::format(R"({{"event":"begin","span":"step","step":{},"time_ns":{}}})", step, time_ns) +
         "\n";
}

std::string end_step(int step, std::int64_t time_ns, const std::string& more = "") {
  return fmt::format(R"({{"event":"end","span":"step","step":{},"time_ns":{}{}}})", step, time_ns,
                     more) +
         "\n";
}

TrainerLog read_events(const std::string& text) {
  return read_text("events", text, "events_0.jsonl");
}

std::string events_error(const std::string& text) {
  return error_of([&] { read_events(text); });
}

TEST(Events, SayWhatEachRankDid) {
  const TrainerLog log = read_fixture("events", "events");
  EXPECT_EQ(log.world_size, 2);
  ASSERT_EQ(log.ranks.size(), 2u);
  const RankLog& rank_log = log.ranks[1];
  EXPECT_EQ(rank_log.rank, 1);
  EXPECT_DOUBLE_EQ(rank_log.load_s.value_or(0), 2.5);
  EXPECT_EQ(rank_log.warmup_steps, 2);
  EXPECT_NEAR(rank_log.warmup_s.value_or(0), 2 * 0.078, 1e-9);
  EXPECT_THAT(numbers_of(rank_log), ElementsAre(1, 2, 3, 4));
  const Step& step = rank_log.steps[3];
  EXPECT_NEAR(step.time_s.value_or(0), 0.078, 1e-9);
  EXPECT_EQ(step.tokens, 1001);
  EXPECT_EQ(step.padding_tokens, 23);
  EXPECT_EQ(step.loss, 2);
  EXPECT_EQ(step.grad_norm, 0.375);
  EXPECT_EQ(step.memory_bytes, 9001000);
  EXPECT_THAT(step.phases_s, ElementsAre(Pair("backward", DoubleNear(0.041, 1e-9)),
                                         Pair("forward", DoubleNear(0.021, 1e-9)),
                                         Pair("optimizer", DoubleNear(0.011, 1e-9))));
  EXPECT_TRUE(std::isnan(rank_log.steps[2].loss.value_or(0)));
  EXPECT_THAT(log.notes, ElementsAre("balanced routing is forced", "balanced routing is forced"));
}

TEST(Events, AreAsTheirDescriptionShowsThem) {
  const std::string text = read_file(trainers_folder() / "events.md");
  const std::string fence = "```json\n";
  const std::size_t begin = text.find(fence) + fence.size();
  const TrainerLog log = read_events(text.substr(begin, text.find("```", begin) - begin));
  EXPECT_EQ(log.num_lines, 10);
  EXPECT_THAT(log.warnings, IsEmpty());
  EXPECT_THAT(log.notes, ElementsAre("balanced routing is forced"));
  EXPECT_DOUBLE_EQ(only_rank(log).load_s.value_or(0), 0.5);
  ASSERT_EQ(only_rank(log).steps.size(), 1u);
  const Step step = only_rank(log).steps[0];
  EXPECT_NEAR(step.time_s.value_or(0), 0.1, 1e-9);
  EXPECT_THAT(step.phases_s, ElementsAre(Pair("forward", DoubleNear(0.03, 1e-9))));
  EXPECT_EQ(step.tokens, 1000);
  EXPECT_EQ(step.loss, 5.5);
  EXPECT_EQ(step.memory_bytes, 4000000);
}

TEST(Events, WhatIsUnknownIsCounted) {
  const TrainerLog log = read_fixture("events", "events");
  EXPECT_THAT(log.warnings,
              ElementsAre(HasSubstr("Memory of kind allocated was written, too; max_allocated"),
                          AllOf(HasSubstr("2 events are of kinds that are not known"),
                                HasSubstr("'router'"))));
  EXPECT_EQ(log.meaning.memory, MemoryKind::kMaxAllocated);
}

TEST(Events, ARankWithoutFileIsMissed) {
  const TrainerLog log = read_log(find_adapter("events"), {fixture("events").front()});
  EXPECT_THAT(log.warnings, ::testing::Contains(HasSubstr("Of 2 ranks 1 have a file")));
}

TEST(Events, ALastLineMayBeTorn) {
  const std::string steps = kBegin + begin_step(1, 20) + end_step(1, 30);
  const TrainerLog log = read_events(steps + R"({"event":"begin","sp)");
  EXPECT_EQ(only_rank(log).steps.size(), 1u);
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("events_0.jsonl:4: the last line is torn")));
  EXPECT_THAT(events_error(steps + "{\"event\n" + begin_step(2, 40)),
              AllOf(HasSubstr("events_0.jsonl:4: no JSON object"), HasSubstr("events.md")));
}

TEST(Events, LossMayBeNoNumber) {
  const TrainerLog log = read_events(kBegin + begin_step(1, 20) +
                                     end_step(1, 30, R"(,"loss":"-inf","grad_norm":"inf")"));
  EXPECT_EQ(only_rank(log).steps.at(0).loss, -HUGE_VAL);
  EXPECT_EQ(only_rank(log).steps.at(0).grad_norm, HUGE_VAL);
}

TEST(Events, WrongLinesAreErrorsThatNameThem) {
  const auto expect = [](const std::string& line, const std::string& reason) {
    EXPECT_THAT(events_error(kBegin + line),
                AllOf(HasSubstr("events_0.jsonl:"), HasSubstr(reason), HasSubstr("events.md")))
        << line;
  };
  expect(R"({"time_ns":1})", "no 'event'");
  expect(R"({"event":"note"})", "no 'time_ns'");
  expect(R"({"event":"note","time_ns":1.5})", "'time_ns' is no integer");
  expect(R"({"event":"note","time_ns":18446744073709551615})", "'time_ns' is no integer");
  expect(R"({"event":"note","time_ns":-1})", "'time_ns' is no integer");
  expect(R"({"event":"note","time_ns":1,"text":2})", "'text' is no text");
  expect(end_step(1, 5), "step 1 ends without having begun");
  expect(begin_step(0, 5), "'step' is no integer from 1");
  expect(begin_step(1, 5) + begin_step(2, 6), "step 2 begins before step 1 has ended");
  expect(begin_step(1, 5) + end_step(1, 4), "step 1 ends before it begins");
  expect(begin_step(1, 5) + end_step(1, 6, R"(,"loss":"much")"), "'loss' is no number");
  expect(begin_step(1, 5) + end_step(1, 6, R"(,"tokens":-1)"), "'tokens' is no number from 0");
  expect(begin_step(1, 5) + end_step(1, 6, R"(,"tokens":"nan")"), "'tokens' is no number from 0");
  expect(R"({"event":"begin","time_ns":1,"span":"run","version":2,"rank":0,"world_size":1})",
         "'version' is not 1");
  expect(R"({"event":"begin","time_ns":1,"span":"run","version":1,"rank":1,"world_size":1})",
         "rank 1 is none of 1");
}

TEST(Events, StandBehindTheBeginOfARun) {
  EXPECT_THAT(events_error(begin_step(1, 5)), HasSubstr("before the begin of 'run'"));
}

TEST(Events, OfOneRankAreInOneFile) {
  const auto files = std::vector<std::filesystem::path>{test_file("a.jsonl", kBegin),
                                                        test_file("b.jsonl", kBegin)};
  EXPECT_THAT(error_of([&] { read_log(find_adapter("events"), files); }),
              AllOf(HasSubstr("b.jsonl: of rank 0, as "), HasSubstr("one run alone")));
}

TEST(Events, AProcessThatStartsAgainTrainsStepsAgain) {
  const std::string first = kBegin + begin_step(1, 20) + end_step(1, 30) + begin_step(2, 40);
  const std::string second = kBegin + begin_step(1, 100) + end_step(1, 150);
  const TrainerLog log = read_events(first + second);
  EXPECT_THAT(values_of(only_rank(log), &Step::time_s), ElementsAre(DoubleNear(50e-9, 1e-12)));
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("began again 1 times, first at step 1"),
                                        HasSubstr("2 processes wrote into it")));
}

TEST(Events, AFileOfNoneHasNoRank) { EXPECT_THAT(read_events("").ranks, IsEmpty()); }

}  // namespace
}  // namespace moebench::trainers
