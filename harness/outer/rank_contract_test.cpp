#include "harness/outer/rank_contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"

namespace moebench::outer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Variables kTorchrun = {{"RANK", "3"},        {"WORLD_SIZE", "4"},
                             {"LOCAL_RANK", "1"},  {"LOCAL_WORLD_SIZE", "2"},
                             {"MASTER_ADDR", "a"}, {"MASTER_PORT", "1234"}};

Variables with(Variables variables, const Variables& others) {
  for (const auto& [name, value] : others) variables[name] = value;
  return variables;
}

Variables without(Variables variables, const std::string& name) {
  variables.erase(name);
  return variables;
}

std::string complaint(const Variables& variables) {
  return error_of([&] { read_rank_contract(variables); });
}

TEST(RankContractTest, ReadsTorchrun) {
  const RankContract contract = read_rank_contract(kTorchrun);
  EXPECT_EQ(contract.source, "RANK");
  EXPECT_EQ(contract.rank, 3);
  EXPECT_EQ(contract.world_size, 4);
  EXPECT_EQ(contract.local_rank, 1);
  EXPECT_FALSE(contract.is_one_host);
  EXPECT_EQ(contract.slots, 1);
  EXPECT_EQ(contract.address, "a");
  EXPECT_EQ(contract.port, 1235) << "that of torchrun's own store is taken";
  EXPECT_EQ(contract.wait_limit_s, 300);
  EXPECT_EQ(contract.token, "");
}

TEST(RankContractTest, ReadsWhatIsOursToSay) {
  const RankContract contract = read_rank_contract(with(kTorchrun, {{"MOEBENCH_PORT", "99"},
                                                                    {"MOEBENCH_WAIT_S", "7.5"},
                                                                    {"MOEBENCH_SLOTS", "8"},
                                                                    {"MOEBENCH_TOKEN", "secret"}}));
  EXPECT_EQ(contract.port, 99);
  EXPECT_EQ(contract.wait_limit_s, 7.5);
  EXPECT_EQ(contract.slots, 8);
  EXPECT_EQ(contract.token, "secret");
}

TEST(RankContractTest, ReadsOpenMpi) {
  const Variables here = {{"OMPI_COMM_WORLD_RANK", "1"},
                          {"OMPI_COMM_WORLD_SIZE", "2"},
                          {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                          {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                          {"PMIX_RANK", "1"},
                          {"SLURM_PROCID", "0"},
                          {"SLURM_NTASKS", "1"}};
  const RankContract contract = read_rank_contract(here);
  EXPECT_EQ(contract.source, "OMPI_COMM_WORLD_RANK");
  EXPECT_EQ(contract.rank, 1);
  EXPECT_EQ(contract.world_size, 2);
  EXPECT_TRUE(contract.is_one_host);
  EXPECT_EQ(contract.address, "127.0.0.1");
  EXPECT_EQ(contract.port, 29501);
  const Variables apart =
      with(here, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "1"}, {"OMPI_COMM_WORLD_LOCAL_RANK", "0"}});
  EXPECT_THAT(complaint(apart),
              AllOf(HasSubstr("OMPI_COMM_WORLD_RANK=1"), HasSubstr("MASTER_ADDR is not set")));
  EXPECT_EQ(read_rank_contract(with(apart, {{"MASTER_ADDR", "h"}})).address, "h");
}

TEST(RankContractTest, ReadsSlurmsStep) {
  const Variables step = {{"SLURM_PROCID", "5"},
                          {"SLURM_NTASKS", "16"},
                          {"SLURM_LOCALID", "1"},
                          {"SLURM_NODEID", "2"},
                          {"SLURM_STEP_NUM_TASKS", "8"},
                          {"SLURM_STEP_NUM_NODES", "4"},
                          {"SLURM_STEP_NODELIST", "gpu[003-005,9]-ib,x"},
                          {"PMIX_RANK", "5"}};
  const RankContract contract = read_rank_contract(step);
  EXPECT_EQ(contract.rank, 5);
  EXPECT_EQ(contract.world_size, 8) << "of the step, not of the job";
  EXPECT_EQ(contract.local_rank, 1);
  EXPECT_EQ(contract.address, "gpu003-ib");
  EXPECT_EQ(read_rank_contract(with(step, {{"MASTER_ADDR", "h"}})).address, "h");
  EXPECT_TRUE(read_rank_contract(with(step, {{"SLURM_STEP_NUM_NODES", "1"}})).is_one_host);
  EXPECT_THAT(complaint(without(step, "SLURM_STEP_NODELIST")), HasSubstr("MASTER_ADDR"));
}

TEST(RankContractTest, ReadsOtherMpis) {
  const RankContract contract = read_rank_contract(
      {{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "0"}, {"MPI_LOCALNRANKS", "2"}});
  EXPECT_EQ(contract.source, "PMI_RANK");
  EXPECT_EQ(contract.world_size, 2);
  EXPECT_TRUE(contract.is_one_host);
}

TEST(RankContractTest, OneProcessNeedsNoAddress) {
  const RankContract contract = read_rank_contract({{"RANK", "0"}, {"WORLD_SIZE", "1"}});
  EXPECT_TRUE(contract.is_one_host);
  EXPECT_EQ(contract.address, "127.0.0.1");
}

TEST(RankContractTest, FaultsNameTheVariable) {
  EXPECT_THAT(complaint({}), AllOf(HasSubstr("RANK"), HasSubstr("SLURM_PROCID")));
  EXPECT_THAT(complaint({{"WORLD_SIZE", "2"}}), HasSubstr("RANK is not"));
  EXPECT_THAT(complaint({{"PMIX_RANK", "2"}}), HasSubstr("WORLD_SIZE"));
  EXPECT_THAT(complaint(without(kTorchrun, "WORLD_SIZE")), HasSubstr("WORLD_SIZE is not"));
  EXPECT_THAT(complaint(without(kTorchrun, "MASTER_ADDR")), HasSubstr("MASTER_ADDR is not set"));
  const std::map<std::string, std::string> wrong = {{"RANK", "4"},
                                                    {"WORLD_SIZE", "0"},
                                                    {"LOCAL_RANK", "2"},
                                                    {"LOCAL_WORLD_SIZE", "5"},
                                                    {"MASTER_PORT", "65535"},
                                                    {"MOEBENCH_PORT", "70000"},
                                                    {"MOEBENCH_SLOTS", "0"},
                                                    {"MOEBENCH_WAIT_S", "-1"}};
  for (const auto& [name, value] : wrong) {
    EXPECT_THAT(complaint(with(kTorchrun, {{name, value}})), HasSubstr(name + "=")) << value;
    EXPECT_THAT(complaint(with(kTorchrun, {{name, "x1"}})), HasSubstr(name + "='x1'"));
  }
}

TEST(RankContractTest, HidesTheOuterLauncherAndKeepsWhatTunes) {
  const Variables torchrun = with(kTorchrun, {{"TORCHELASTIC_RUN_ID", "none"},
                                              {"OMPI_MCA_btl_tcp_if_include", "eth0"},
                                              {"OMPI_MCA_orte_tmpdir_base", "/scratch"},
                                              {"SLURM_JOB_ID", "7"},
                                              {"MOEBENCH_TOKEN", "secret"},
                                              {"MOEBENCH_RANK_PROGRAM", "/bin/rank"},
                                              {"PATH", "/bin"},
                                              {"NCCL_DEBUG", "INFO"}});
  EXPECT_THAT(
      names_to_hide(torchrun),
      ElementsAre("LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "MOEBENCH_TOKEN",
                  "RANK", "SLURM_JOB_ID", "TORCHELASTIC_RUN_ID", "WORLD_SIZE"));
  const Variables mpirun = {{"OMPI_COMM_WORLD_RANK", "0"},   {"OMPI_UNIVERSE_SIZE", "2"},
                            {"OMPI_MCA_ess", "^singleton"},  {"OMPI_MCA_btl", "self,tcp"},
                            {"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"PMIX_NAMESPACE", "1"},
                            {"PMIX_MCA_gds", "hash"},        {"HOME", "/root"}};
  EXPECT_THAT(names_to_hide(mpirun),
              ElementsAre("OMPI_COMM_WORLD_RANK", "OMPI_MCA_ess", "OMPI_UNIVERSE_SIZE",
                          "PMIX_MCA_gds", "PMIX_NAMESPACE"));
}

TEST(RankContractTest, FindsTheFirstNode) {
  EXPECT_EQ(first_of_node_list("a"), "a");
  EXPECT_EQ(first_of_node_list("a,b"), "a");
  EXPECT_EQ(first_of_node_list("n[1-3]"), "n1");
  EXPECT_EQ(first_of_node_list("n[04,7-9],m[1-2]"), "n04");
  EXPECT_EQ(first_of_node_list("r[2-3]n[5,7]"), "r2n5");
}

}  // namespace
}  // namespace moebench::outer
