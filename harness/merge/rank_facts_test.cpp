#include "harness/merge/rank_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::merge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RankResults three_like_ranks() {
  RankResults ranks(3);
  for (int rank = 0; rank < 3; ++rank) {
    auto& result = ranks[static_cast<std::size_t>(rank)].emplace();
    result.rank = rank;
    result.world_size = 3;
    result.environment = {{"compiler", "GNU 12"},
                          {"build_type", "Release"},
                          {"cpu_model", "Some CPU"},
                          {"host", rank < 2 ? "a" : "b"},
                          {"memory_total_bytes", std::to_string((8LL << 30) + rank * 1'000'000)},
                          {"torch_version", "2.11"}};
  }
  return ranks;
}

TEST(RankFacts, AreTakenWhereTheRanksAgree) {
  const RankFacts facts = merge_facts(three_like_ranks());
  EXPECT_EQ(facts.environment.at("compiler"), "GNU 12");
  EXPECT_EQ(facts.environment.at("torch_version"), "2.11");
  EXPECT_EQ(facts.environment.at("hosts"), "a, b");
  EXPECT_FALSE(facts.environment.contains("host"));
  EXPECT_THAT(facts.warnings, IsEmpty());
}

TEST(RankFacts, ADifferenceNamesRanksAndValues) {
  RankResults ranks = three_like_ranks();
  ranks[1]->environment["compiler"] = "Clang 14";
  ranks[2]->environment["cpu_model"] = "Other CPU";
  ranks[2]->environment["memory_total_bytes"] = std::to_string(16LL << 30);
  EXPECT_THAT(
      merge_facts(ranks).warnings,
      ElementsAre("the ranks differ in compiler: 'GNU 12' on ranks 0, 2, 'Clang 14' on rank 1",
                  "the ranks differ in cpu_model: 'Some CPU' on ranks 0-1, 'Other CPU' on "
                  "rank 2",
                  "the ranks differ in memory_total_bytes: 8 GiB on ranks 0-1, 16 GiB on "
                  "rank 2"));
}

TEST(RankFacts, ARankThatDoesNotSayItsBuildIsAnotherProgram) {
  RankResults ranks = three_like_ranks();
  ranks[0]->environment.erase("build_type");
  EXPECT_THAT(
      merge_facts(ranks).warnings,
      ElementsAre("the ranks differ in build_type: nothing on rank 0, 'Release' on ranks 1-2"));
}

TEST(RankFacts, ARankThatFailedEarlyNeedNotKnowItsLibraries) {
  RankResults ranks = three_like_ranks();
  ranks[0].reset();
  ranks[1]->environment.erase("torch_version");
  const RankFacts facts = merge_facts(ranks);
  EXPECT_THAT(facts.warnings, IsEmpty());
  EXPECT_EQ(facts.environment.at("compiler"), "GNU 12");
  EXPECT_THAT(merge_facts({std::nullopt}).environment, IsEmpty());
}

TEST(RankFacts, AnOlderWorkerIsNamed) {
  RankResults ranks = three_like_ranks();
  for (auto& rank : ranks) rank->environment = {{"torch_version", "2.11"}};
  EXPECT_THAT(merge_facts(ranks).warnings, ElementsAre(HasSubstr("older than this moebench")));
}

}  // namespace
}  // namespace moebench::merge
