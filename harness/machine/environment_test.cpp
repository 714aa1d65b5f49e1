#include "harness/machine/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace moebench::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

MachineFacts four_cores() {
  MachineFacts facts;
  facts.cores_allowed = 4;
  facts.load_average = 0.5;
  return facts;
}

TEST(Environment, QuietMachineGivesNoWarning) {
  EXPECT_THAT(environment_warnings(four_cores(), {.ranks = 2, .threads_per_rank = 2}), IsEmpty());
}

TEST(Environment, WarnsOfEachDisturbance) {
  MachineFacts facts = four_cores();
  facts.load_average = 2.5;
  facts.governor = "powersave";
  EXPECT_THAT(environment_warnings(facts, {.ranks = 2, .threads_per_rank = 3}),
              ElementsAre(HasSubstr("load average 2.50"), HasSubstr("'powersave'"),
                          "oversubscribed: 2 ranks x 3 threads on 4 cores"));
}

TEST(Environment, WarnsOfABuildThatIsNoneToMeasure) {
  EXPECT_THAT(build_warnings({{"build_type", "RelWithDebInfo"}, {"sanitizers", "off"}}), IsEmpty());
  EXPECT_THAT(build_warnings({{"build_type", "Debug"}, {"sanitizers", "on"}}),
              ElementsAre(HasSubstr("'Debug'"), HasSubstr("sanitizers")));
  EXPECT_THAT(build_warnings({}), IsEmpty()) << "nobody said";
}

// The tests are built as the programs are: the word must be this build's.
TEST(Environment, SaysWhetherThisBuildIsSanitized) {
#if defined(MOEBENCH_SANITIZED)
  EXPECT_EQ(rank_environment().at("sanitizers"), "on");
#else
  EXPECT_EQ(rank_environment().at("sanitizers"), "off");
#endif
}

TEST(Environment, TheDriversFactsStandApart) {
  MachineFacts facts = four_cores();
  facts.compiler = "GNU 1.2.3";
  const auto environment = driver_environment(facts);
  EXPECT_EQ(environment.at("driver_compiler"), "GNU 1.2.3");
  EXPECT_EQ(environment.at("driver_load_average_at_start"), "0.50");
  for (const auto& [name, fact] : environment) EXPECT_THAT(name, StartsWith("driver_"));
}

TEST(Environment, CoresOfOtherMachinesAreNotCounted) {
  EXPECT_THAT(
      environment_warnings(four_cores(), {.ranks = 8, .threads_per_rank = 8, .elsewhere = true}),
      IsEmpty());
}

TEST(Environment, ThisMachinesFactsAreThere) {
  const auto environment = to_environment(read_machine_facts());
  for (const char* key : {"moebench_version", "git_sha", "git_dirty", "compiler", "build_type",
                          "cores_online", "cores_allowed", "memory_total_bytes", "kernel"}) {
    EXPECT_TRUE(environment.contains(key)) << key;
  }
  EXPECT_GT(std::stoll(environment.at("memory_total_bytes")), 1'000'000);
  EXPECT_FALSE(environment.at("host").empty());
  EXPECT_FALSE(rank_environment().contains("load_average_at_start"));
}

TEST(Environment, ANodeHasTheNameThatSlurmHasForIt) {
  ::setenv("SLURMD_NODENAME", "n7", 1);
  const std::string node = rank_environment().at("host");
  ::unsetenv("SLURMD_NODENAME");
  EXPECT_EQ(node, "n7");
  EXPECT_NE(rank_environment().at("host"), "n7");
}

}  // namespace
}  // namespace moebench::machine
