#include "harness/launch/rank_placement.h"

#include <gmock/gmock.h>

#include "harness/base/file.h"
#include "harness/base/host_name.h"
#include "harness/base/temporary_folder.h"
#include "harness/launch/shell_words.h"
#include "harness/testing/error_of.h"

namespace moebench::launch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LaunchRequest placed(std::int64_t nodes, std::int64_t ranks_per_node) {
  LaunchRequest request;
  request.nodes = nodes;
  request.ranks_per_node = ranks_per_node;
  request.ranks = nodes * ranks_per_node;
  request.threads_per_rank = 3;
  return request;
}

LaunchPlace on(std::vector<HostSlots> slots, HostsOrigin origin = HostsOrigin::kFile) {
  LaunchPlace place;
  place.hosts = {static_cast<int>(slots.size()), false, "the file", origin, std::move(slots)};
  return place;
}

std::string mpirun(const LaunchRequest& request, const LaunchPlace& place) {
  return joined_shell_words(mpirun_placement(request, place));
}

std::string complaint(const LaunchRequest& request, const LaunchPlace& place,
                      Launcher launcher = Launcher::kMpirun) {
  return error_of([&] { check_placement(request, launcher, place); });
}

TEST(RankPlacement, EveryHostGetsAsManyConsecutiveRanks) {
  const LaunchPlace place = on({{"a", 4}, {"b", 4}, {"c", 4}});
  EXPECT_THAT(mpirun(placed(2, 3), place),
              HasSubstr("--map-by ppr:3:node --bind-to none --host a:3,b:3 "));
  EXPECT_EQ(placement_text(placed(2, 3), place), "a:3,b:3");
  EXPECT_EQ(first_host(placed(2, 3), place), "a");
  LaunchPlace other = place;
  other.first_address = "10.1.0.7";
  EXPECT_EQ(first_host(placed(2, 3), other), "10.1.0.7");
}

TEST(RankPlacement, BindingHoldsOnEveryHost) {
  LaunchRequest request = placed(2, 2);
  request.bind = config::Binding::kCore;
  const LaunchPlace place = on({{"a", 2}, {"b", 2}});
  EXPECT_THAT(mpirun(request, place), HasSubstr("--map-by ppr:2:node:PE=3 --bind-to core "));
  request.bind = config::Binding::kNuma;
  EXPECT_THAT(mpirun(request, place), HasSubstr("--map-by ppr:2:node --bind-to numa "));
}

TEST(RankPlacement, NothingOfOneHostAloneIsAskedForOnSeveral) {
  for (const std::int64_t nodes : {0, 2}) {
    LaunchRequest request = placed(nodes, nodes == 0 ? 0 : 1);
    request.ranks = 2;
    const std::string words = mpirun(request, on({{"a", 1}, {"b", 1}}));
    EXPECT_THAT(words, HasSubstr("--host a:1,b:1 --mca btl self,vader,tcp --mca btl_tcp_flags "
                                 "send,inplace"));
    EXPECT_THAT(words, Not(HasSubstr("oversubscribe")));
    EXPECT_THAT(words, Not(HasSubstr(" lo")));
    EXPECT_THAT(words, Not(HasSubstr("if_include")));
  }
}

TEST(RankPlacement, OneNodeWithoutHostsIsThisOne) {
  const std::string words = mpirun(placed(1, 8), {});
  EXPECT_THAT(words, HasSubstr("--map-by ppr:8:node --bind-to none --oversubscribe --mca btl "
                               "self,vader --mca oob_tcp_if_include lo"));
  EXPECT_EQ(complaint(placed(1, 8), {}), "no error");
  EXPECT_EQ(placement_text(placed(1, 8), {}), "1 node x 8 ranks");
}

TEST(RankPlacement, AnAgentAndItsInterfaceReachTheHosts) {
  LaunchPlace place = on({{"a", 1}, {"b", 1}});
  place.rsh_agent = "/run/hosts/agent";
  place.interface = "10.1.0.0/16";
  EXPECT_THAT(mpirun(placed(2, 1), place),
              HasSubstr("--mca plm rsh --mca plm_rsh_agent /run/hosts/agent "
                        "--mca plm_rsh_no_tree_spawn 1 --mca oob_tcp_if_include 10.1.0.0/16 "
                        "--mca btl_tcp_if_include 10.1.0.0/16"));
  LaunchRequest outer = placed(2, 1);
  outer.choice.launcher = Launcher::kEnv;
  EXPECT_THAT(mpirun(outer, place), HasSubstr("--leave-session-attached"));
}

TEST(RankPlacement, MoreRanksThanTheOuterLauncherHasStartedAreRefused) {
  LaunchRequest request = placed(0, 0);
  request.ranks = 3;
  request.choice.launcher = Launcher::kEnv;
  EXPECT_THAT(complaint(request, on({{"a", 1}, {"b", 1}})),
              HasSubstr("3 ranks are wanted, but the outer launcher has started 2 (WORLD_SIZE"));
}

TEST(RankPlacement, WhatTheUserSaysOfOpenMpiStandsAlone) {
  LaunchRequest request = placed(2, 1);
  request.choice.arguments = {"--mca", "btl", "self,tcp"};
  EXPECT_THAT(mpirun(request, on({{"a", 1}, {"b", 1}})), Not(HasSubstr("--mca btl self,vader")));
  request = placed(1, 2);
  request.choice.arguments = {"--mca", "btl_tcp_if_include", "eth0"};
  EXPECT_THAT(mpirun(request, {}), HasSubstr("--mca oob_tcp_if_include lo"));
  EXPECT_THAT(mpirun(request, {}), Not(HasSubstr("btl_tcp_if_include")));
}

TEST(RankPlacement, HostsOfABatchSystemAreNamedWhereTheirOrderCounts) {
  const LaunchPlace place = on({{"a", 2}, {"b", 2}}, HostsOrigin::kAllocation);
  EXPECT_THAT(mpirun(placed(2, 1), place), HasSubstr("--host a:1,b:1"));
  LaunchRequest anywhere;
  anywhere.ranks = 4;
  EXPECT_THAT(mpirun(anywhere, place), Not(HasSubstr("--host")));
  EXPECT_THAT(mpirun(placed(2, 1), on({{"a", 2}, {"b", 2}}, HostsOrigin::kArguments)),
              Not(HasSubstr("--host")));
  EXPECT_THAT(mpirun(placed(2, 1), on({{"", 2}, {"", 2}}, HostsOrigin::kAllocation)),
              Not(HasSubstr("--host")));
}

TEST(RankPlacement, SrunGetsNodesTasksAndGpus) {
  LaunchRequest request = placed(2, 4);
  EXPECT_EQ(joined_shell_words(srun_placement(request)),
            "--cpu-bind=none --cpus-per-task=3 --nodes=2 --ntasks-per-node=4");
  request.needs_gpus = true;
  EXPECT_THAT(joined_shell_words(srun_placement(request)), HasSubstr(" --gres=gpu:4"));
  request = {};
  request.needs_gpus = true;
  EXPECT_EQ(joined_shell_words(srun_placement(request)), "--cpu-bind=none --cpus-per-task=1");
}

TEST(RankPlacement, MoreNodesThanHostsAreRefused) {
  EXPECT_EQ(complaint(placed(4, 2), on({{"a", 2}, {"b", 2}})),
            "4 nodes x 2 ranks are wanted, but the file names 2 hosts; name more there, or select "
            "cells of fewer (--filter nodes=2)");
  EXPECT_EQ(complaint(placed(2, 1), {}),
            "2 nodes x 1 rank are wanted, but there is 1 host; name others with --hosts FILE, or "
            "select cells of fewer (--filter nodes=1)");
  LaunchPlace unreadable;
  unreadable.hosts = {0, false, "PBS_NODEFILE", HostsOrigin::kAllocation};
  EXPECT_THAT(
      complaint(placed(2, 1), unreadable),
      HasSubstr("the hosts that PBS_NODEFILE names cannot be read; name them with --hosts"));
}

TEST(RankPlacement, MoreRanksThanSlotsAreRefused) {
  const LaunchPlace place = on({{"a", 4}, {"b", 2}});
  EXPECT_EQ(complaint(placed(1, 4), place), "no error");
  EXPECT_EQ(complaint(placed(2, 4), place),
            "2 nodes x 4 ranks are wanted, but host 'b' has room for 2 by the file; write more "
            "slots= behind its name, or select cells of fewer (--filter ranks_per_node=2)");
  EXPECT_THAT(complaint(placed(2, 4), on({{"", 4}, {"", 2}}, HostsOrigin::kAllocation)),
              HasSubstr("node 1 has room for 2"));
  LaunchRequest anywhere;
  anywhere.ranks = 7;
  EXPECT_THAT(complaint(anywhere, place),
              HasSubstr("7 ranks are wanted, but the hosts of the file have 6 slots"));
}

TEST(RankPlacement, SrunHasHostsOfItsOwn) {
  EXPECT_THAT(complaint(placed(1, 1), on({{"a", 1}}), Launcher::kSlurm),
              HasSubstr("--hosts the file is for mpirun"));
  LaunchPlace place = on({{"a", 1}});
  place.in_slurm = true;
  EXPECT_EQ(usual_launcher({}, place), Launcher::kMpirun);
}

TEST(RankPlacement, CellsSayWhatIsPlaced) {
  config::CellConfig cell;
  cell.ranks = 4;
  cell.nodes = cell.ranks_per_node = 2;
  cell.device = config::Device::kCuda;
  LaunchRequest request = launch_request(cell);
  EXPECT_EQ(request.ranks, 4);
  EXPECT_EQ(request.nodes, 2);
  EXPECT_EQ(request.ranks_per_node, 2);
  EXPECT_TRUE(request.needs_gpus);
  cell.load.one_rank = 3;
  request = launch_request(cell);
  EXPECT_EQ(request.ranks, 1);
  EXPECT_EQ(request.nodes, 0);
  EXPECT_THAT(error_of([&] {
                cell.load.one_rank = -1;
                check_launcher(cell, {}, on({{"a", 4}}));
              }),
              HasSubstr("names 1 host"));
}

class LaunchPlaceTest : public ::testing::Test {
 protected:
  LauncherChoice choice(const std::string& hosts) const {
    write_file_atomically(folder_.path() / "hosts", hosts);
    LauncherChoice choice;
    choice.hosts_file = folder_.path() / "hosts";
    return choice;
  }
  TemporaryFolder folder_;
};

TEST_F(LaunchPlaceTest, AFileOfHostsIsReachedByTheAgentBesideIt) {
  const LauncherChoice hosts = choice("a slots=2\nb slots=2\n");
  EXPECT_EQ(read_launch_place(hosts).rsh_agent, "");
  const auto agent = folder_.path() / "agent";
  write_file_atomically(agent, "#!/bin/sh\n");
  EXPECT_EQ(read_launch_place(hosts).rsh_agent, "");
  std::filesystem::permissions(agent, std::filesystem::perms::owner_all);
  write_file_atomically(folder_.path() / "interface", "10.1.0.0/16\n");
  const LaunchPlace place = read_launch_place(hosts);
  EXPECT_EQ(place.rsh_agent, agent.string());
  EXPECT_EQ(place.interface, "10.1.0.0/16");
  EXPECT_EQ(place.hosts.count, 2);
  EXPECT_EQ(place.hosts.origin, HostsOrigin::kFile);
}

TEST_F(LaunchPlaceTest, ASingleRankRunsOnTheHostThatIsNamed) {
  LaunchRequest request;
  request.command = {"worker"};
  EXPECT_EQ(make_launch_command(request, read_launch_place(choice("elsewhere\n"))).launcher,
            Launcher::kMpirun);
  EXPECT_EQ(make_launch_command(request, read_launch_place(choice(host_name() + "\n"))).launcher,
            Launcher::kDirect);
}

TEST_F(LaunchPlaceTest, HostsAreNamedOnce) {
  LauncherChoice hosts = choice("a\n");
  hosts.arguments = {"--host", "b"};
  EXPECT_THAT(error_of([&] { read_launch_place(hosts); }), HasSubstr("both say where ranks run"));
}

}  // namespace
}  // namespace moebench::launch
