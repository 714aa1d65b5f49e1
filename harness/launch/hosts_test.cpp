#include "harness/launch/hosts.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/file.h"
#include "harness/base/host_name.h"
#include "harness/base/temporary_folder.h"

namespace moebench::launch {
namespace {

constexpr const char* kVariables[] = {"SLURM_JOB_ID",
                                      "SLURM_JOB_NUM_NODES",
                                      "SLURM_NNODES",
                                      "SLURM_JOB_NODELIST",
                                      "SLURM_JOB_CPUS_PER_NODE",
                                      "LSB_DJOB_HOSTFILE",
                                      "LSB_MCPU_HOSTS",
                                      "LSB_HOSTS",
                                      "PBS_NODEFILE",
                                      "PE_HOSTFILE",
                                      "OMPI_MCA_orte_default_hostfile",
                                      "PRTE_MCA_prte_default_hostfile"};

class HostsTest : public ::testing::Test {
 protected:
  HostsTest() { clear(); }
  ~HostsTest() override { clear(); }

  static void clear() {
    for (const char* name : kVariables) ::unsetenv(name);
  }
  std::string file(const std::string& content) const {
    const auto path = folder_.path() / "hosts";
    write_file_atomically(path, content);
    return path.string();
  }
  static Hosts hosts_with(const std::vector<std::pair<const char*, std::string>>& variables) {
    clear();
    for (const auto& [name, value] : variables) ::setenv(name, value.c_str(), 1);
    return read_hosts({});
  }

  TemporaryFolder folder_;
};

TEST_F(HostsTest, WithoutAnAllocationItIsThisHost) {
  EXPECT_TRUE(read_hosts({"--mca", "pml", "ucx"}).all_here());
}

TEST_F(HostsTest, EachBatchSystemTells) {
  const std::string two = file("node1\nnode1\nnode2\n");
  EXPECT_EQ(hosts_with({{"SLURM_JOB_ID", "7"}, {"SLURM_JOB_NUM_NODES", "2"}}).count, 2);
  EXPECT_EQ(hosts_with({{"PBS_NODEFILE", two}}).count, 2);
  EXPECT_EQ(hosts_with({{"LSB_DJOB_HOSTFILE", two}, {"LSB_HOSTS", "node1"}}).count, 2);
  EXPECT_EQ(hosts_with({{"LSB_MCPU_HOSTS", "node1 4 node2 4 node3 4"}}).count, 3);
  EXPECT_EQ(hosts_with({{"LSB_HOSTS", "node1 node1 node2"}}).count, 2);
  const std::string slots = file("# ours\nnode1 slots=2 # fast\n\nnode2 slots=2\n");
  EXPECT_EQ(hosts_with({{"PE_HOSTFILE", slots}}).count, 2);
  EXPECT_EQ(hosts_with({{"OMPI_MCA_orte_default_hostfile", slots}}).count, 2);
  EXPECT_EQ(hosts_with({{"PBS_NODEFILE", slots}}).source, "PBS_NODEFILE");
}

TEST_F(HostsTest, EachBatchSystemTellsSlots) {
  const std::vector<HostSlots> expected = {{"node1", 2}, {"node2", 1}};
  EXPECT_EQ(hosts_with({{"PBS_NODEFILE", file("node1\nnode1\nnode2\n")}}).slots, expected);
  EXPECT_EQ(hosts_with({{"LSB_MCPU_HOSTS", "node1 2 node2 1"}}).slots, expected);
  EXPECT_EQ(hosts_with({{"LSB_HOSTS", "node1 node1 node2"}}).slots, expected);
  EXPECT_EQ(hosts_with({{"PE_HOSTFILE", file("node1 2 all.q@node1 UNDEFINED\n"
                                             "node2 1 all.q@node2 UNDEFINED\n")}})
                .slots,
            expected);
  const auto slurm = [](const std::string& cores) {
    return hosts_with({{"SLURM_JOB_ID", "7"},
                       {"SLURM_JOB_NUM_NODES", "3"},
                       {"SLURM_JOB_CPUS_PER_NODE", cores}})
        .slots;
  };
  EXPECT_EQ(slurm("4(x2),8"), (std::vector<HostSlots>{{"", 4}, {"", 4}, {"", 8}}));
  EXPECT_TRUE(slurm("4(x2)").empty());
  EXPECT_TRUE(slurm("4(x").empty());
  EXPECT_TRUE(slurm("").empty());
}

TEST_F(HostsTest, OneHostMayBeAnother) {
  EXPECT_FALSE(hosts_with({{"PBS_NODEFILE", file("elsewhere.example.org\n")}}).all_here());
  EXPECT_TRUE(hosts_with({{"PBS_NODEFILE", file(host_name() + "\n")}}).all_here());
  EXPECT_TRUE(hosts_with({{"LSB_HOSTS", "localhost localhost"}}).all_here());
  EXPECT_FALSE(hosts_with({{"SLURM_JOB_ID", "7"},
                           {"SLURM_JOB_NUM_NODES", "1"},
                           {"SLURM_JOB_NODELIST", "elsewhere"}})
                   .all_here());
  EXPECT_TRUE(hosts_with({{"SLURM_JOB_ID", "7"}, {"SLURM_JOB_NUM_NODES", "1"}}).all_here());
}

TEST_F(HostsTest, WhatCannotBeReadIsNotTakenForThisHost) {
  EXPECT_FALSE(hosts_with({{"PBS_NODEFILE", (folder_.path() / "missing").string()}}).all_here());
  EXPECT_FALSE(hosts_with({{"SLURM_JOB_ID", "7"}, {"SLURM_JOB_NUM_NODES", "2(x1)"}}).all_here());
}

TEST_F(HostsTest, LauncherArgumentsTellFirst) {
  ::setenv("LSB_HOSTS", "localhost", 1);
  EXPECT_EQ(read_hosts({"--host", "a:2,b:2"}).count, 2);
  EXPECT_EQ(read_hosts({"-H", "a,a,b"}).count, 2);
  EXPECT_EQ(read_hosts({"-np", "2", "--hostfile", file("a slots=4\nb slots=4\n")}).count, 2);
  EXPECT_FALSE(read_hosts({"--rankfile", "ranks"}).all_here());
  EXPECT_TRUE(read_hosts({"--host", "localhost:2"}).all_here());
  EXPECT_EQ(read_hosts({"--host", "a:2,b"}).slots, (std::vector<HostSlots>{{"a", 2}, {"b", 1}}));
  EXPECT_EQ(read_hosts({"--host", "a"}).origin, HostsOrigin::kArguments);
}

TEST_F(HostsTest, AFileOfHostsTellsBeforeABatchSystem) {
  ::setenv("LSB_HOSTS", "localhost", 1);
  const Hosts hosts = read_hosts({}, file("a slots=2\nb slots=1\n"));
  EXPECT_EQ(hosts.origin, HostsOrigin::kFile);
  EXPECT_EQ(hosts.slots, (std::vector<HostSlots>{{"a", 2}, {"b", 1}}));
  EXPECT_FALSE(hosts.all_here());
}

}  // namespace
}  // namespace moebench::launch
