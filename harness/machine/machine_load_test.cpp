#include "harness/machine/machine_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace moebench::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MachineFacts quiet_machine() {
  MachineFacts facts;
  facts.build_type = "Release";
  facts.cores_allowed = facts.cores_online = 4;
  facts.transparent_hugepages = "madvise";
  return facts;
}

std::vector<std::string> found(const MachineFacts& facts, const MachineLoad& load = {}) {
  return disturbances(facts, load, {.ranks = 2});
}

TEST(Disturbances, AQuietMachineHasNone) { EXPECT_THAT(found(quiet_machine()), IsEmpty()); }

TEST(Disturbances, EachIsNamedWithARemedy) {
  MachineFacts facts = quiet_machine();
  facts.governor = "powersave";
  facts.cpu_quota = 1.5;
  facts.swap_used_bytes = 7'000'000;
  facts.transparent_hugepages = "never";
  const MachineLoad load{
      .busy_cores = 1.25, .stolen_cores = 0.3, .busiest = {{"cc1plus", 0.9}, {"ld", 0.25}}};
  EXPECT_THAT(found(facts, load),
              ElementsAre(HasSubstr("'powersave'"), HasSubstr("'cc1plus' (0.90 cores), 'ld' (0.25"),
                          HasSubstr("1.25 of 4 cores"), HasSubstr("0.30 of this machine's"),
                          HasSubstr("allows 1.50 cores, 2 threads"), HasSubstr("7 MB are swapped"),
                          HasSubstr("huge pages are off")));
}

TEST(Disturbances, TooFewCoresAreNamed) {
  MachineFacts facts = quiet_machine();
  facts.cores_allowed = 1;
  EXPECT_THAT(found(facts), ElementsAre(HasSubstr("2 ranks x 1 threads on 1 cores")));
}

TEST(MachineLoad, SeesAProcessAtWork) {
  const pid_t worker = ::fork();
  if (worker == 0) {
    for (;;) ::getppid();  // a call that no compiler removes
  }
  const auto is_ours = [](const BusyProcess& process) { return process.name == "machine_test"; };
  bool is_seen = false;
  // On a crowded machine it gets little of a core at times.
  for (int attempt = 0; attempt < 60 && !is_seen; ++attempt) {
    const MachineLoad load = observe_load(0.5);
    EXPECT_GT(load.busy_cores, 0);
    is_seen = std::ranges::any_of(load.busiest, is_ours);
  }
  ::kill(worker, SIGKILL);
  ::waitpid(worker, nullptr, 0);
  EXPECT_TRUE(is_seen);
}

}  // namespace
}  // namespace moebench::machine
