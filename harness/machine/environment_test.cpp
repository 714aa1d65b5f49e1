#include "harness/machine/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MachineFacts quiet_machine() {
  MachineFacts facts;
  facts.build_type = "RelWithDebInfo";
  facts.cores_allowed = 4;
  facts.load_average = 0.5;
  return facts;
}

TEST(Environment, QuietMachineGivesNoWarning) {
  EXPECT_THAT(environment_warnings(quiet_machine(), {.ranks = 2, .threads_per_rank = 2}),
              IsEmpty());
}

TEST(Environment, WarnsOfEachDisturbance) {
  MachineFacts facts = quiet_machine();
  facts.load_average = 2.5;
  facts.governor = "powersave";
  facts.build_type = "Debug";
  facts.sanitized = true;
  EXPECT_THAT(environment_warnings(facts, {.ranks = 2, .threads_per_rank = 3}),
              ElementsAre(HasSubstr("load average 2.50"), HasSubstr("'powersave'"),
                          "oversubscribed: 2 ranks x 3 threads on 4 cores", HasSubstr("'Debug'"),
                          HasSubstr("sanitizers")));
}

TEST(Environment, CoresOfOtherMachinesAreNotCounted) {
  EXPECT_THAT(
      environment_warnings(quiet_machine(), {.ranks = 8, .threads_per_rank = 8, .elsewhere = true}),
      IsEmpty());
}

TEST(Environment, ThisMachinesFactsAreThere) {
  const auto environment = to_environment(read_machine_facts());
  for (const char* key : {"moebench_version", "git_sha", "git_dirty", "compiler", "build_type",
                          "cores_online", "cores_allowed", "memory_total_bytes", "kernel"}) {
    EXPECT_TRUE(environment.contains(key)) << key;
  }
  EXPECT_GT(std::stoll(environment.at("memory_total_bytes")), 1'000'000);
  EXPECT_FALSE(environment.contains("hostname"));
}

}  // namespace
}  // namespace moebench::machine
