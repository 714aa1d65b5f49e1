#include "harness/launch/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::launch {
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

config::CellConfig cell_of(std::int64_t ranks, std::int64_t threads) {
  config::CellConfig cell;
  cell.ranks = ranks;
  cell.threads_per_rank = threads;
  return cell;
}

TEST(Environment, QuietMachineGivesNoWarning) {
  EXPECT_THAT(environment_warnings(quiet_machine(), cell_of(2, 2), Launcher::kMpirun), IsEmpty());
}

TEST(Environment, WarnsOfEachDisturbance) {
  MachineFacts facts = quiet_machine();
  facts.load_average = 2.5;
  facts.governor = "powersave";
  facts.build_type = "Debug";
  facts.sanitized = true;
  EXPECT_THAT(environment_warnings(facts, cell_of(2, 3), Launcher::kMpirun),
              ElementsAre(HasSubstr("load average 2.50"), HasSubstr("'powersave'"),
                          "oversubscribed: 2 ranks x 3 threads on 4 cores", HasSubstr("'Debug'"),
                          HasSubstr("sanitizers")));
}

TEST(Environment, SlurmRanksMayRunElsewhere) {
  EXPECT_THAT(environment_warnings(quiet_machine(), cell_of(8, 8), Launcher::kSlurm), IsEmpty());
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
}  // namespace moebench::launch
