// Starts the processes that an outer launcher would, each as a user does; a fake worker stands for
// the training. Hosts are names of this one (UTS namespaces), between which mpirun takes the way
// that it takes between machines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <cstdlib>
#include <map>

#include "harness/launch/engine_start.h"
#include "harness/record/record.h"
#include "harness/testing/shell_script.h"
#include "tools/moebench/moebench_run_testing.h"

namespace moebench {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class OuterCliTest : public MoebenchTest {
 protected:
  using Variables = std::map<std::string, std::string>;

  // A process of rank `rank` of two; its output goes to a folder of its own. Without a host's name
  // it stays on this one.
  pid_t start_rank(int rank, const std::string& host, const std::vector<std::string>& words,
                   const Variables& more = {}) const {
    const fs::path out = output(rank);
    fs::create_directories(out);
    return start_moebench(words, folder_.path(), [&] {
      for (const char* name : {"out", "err"}) {
        const int fd = ::open((out / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        ::dup2(fd, name == std::string("out") ? STDOUT_FILENO : STDERR_FILENO);
      }
      Variables variables = {{"RANK", std::to_string(rank)},
                             {"WORLD_SIZE", "2"},
                             {"LOCAL_RANK", host.empty() ? std::to_string(rank) : "0"},
                             {"LOCAL_WORLD_SIZE", host.empty() ? "2" : "1"},
                             {"MASTER_ADDR", "127.0.0.1"},
                             {"MOEBENCH_PORT", std::to_string(port_)},
                             {"MOEBENCH_WAIT_S", "60"}};
      for (const auto& [name, value] : more) variables[name] = value;
      for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
      if (host.empty()) return;
      if (::unshare(CLONE_NEWUTS) != 0 || ::sethostname(host.data(), host.size()) != 0) {
        ::_exit(125);
      }
    });
  }
  fs::path output(int rank) const { return folder_.path() / ("rank" + std::to_string(rank)); }
  Output finish_rank(int rank, pid_t pid) const { return finish_moebench(pid, output(rank)); }

  // Lets each rank of a cell note the host that it runs on.
  void note_hosts() const {
    const fs::path program = write_shell_script(
        folder_.path() / "noting.sh", "hostname >>" + (folder_.path() / "hosts").string() +
                                          "\nexec " + worker_.program().string() + " \"$@\"");
    ::setenv("MOEBENCH_RANK_PROGRAM", program.c_str(), 1);
  }

  // True as soon as so many are there; no test depends on how long that takes.
  bool comes_to_sleepers(int count) const {
    for (int i = 0; i < 1200 && worker_.count_sleepers() != count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return worker_.count_sleepers() == count;
  }

  int port_ = launch::free_port();
};

#define SKIP_WITHOUT_HOST_NAMES() \
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give processes a host name"

TEST_F(OuterCliTest, RanksOfOneHostNeedNoAgent) {
  const std::vector<std::string> words = {"run", "file.yaml", "--launcher", "env", "-v"};
  const pid_t zero = start_rank(0, "", words);
  const pid_t one = start_rank(1, "", words);
  const Output driver = finish_rank(0, zero);
  EXPECT_EQ(driver.exit_code, 0) << driver.err;
  EXPECT_THAT(driver.err, AllOf(HasSubstr("rank 0 of 2 drives (RANK); slots: "),
                                HasSubstr("--mca btl self,vader"), HasSubstr("-n 2")));
  const Output other = finish_rank(1, one);
  EXPECT_EQ(other.exit_code, 0);
  EXPECT_EQ(other.out + other.err, "");
  EXPECT_EQ(num_lines(), 2U);
}

TEST_F(OuterCliTest, CellsRunOnTheHostsOfAllRanks) {
  SKIP_WITHOUT_HOST_NAMES();
  note_hosts();
  const std::vector<std::string> words = {"run", "file.yaml", "--launcher", "env", "-v"};
  const pid_t one = start_rank(1, "hostb", words);
  const pid_t zero = start_rank(0, "hosta", words);
  const Output driver = finish_rank(0, zero);
  EXPECT_EQ(driver.exit_code, 0) << driver.err;
  EXPECT_THAT(driver.err, AllOf(HasSubstr("slots: hosta:1 hostb:1"),
                                HasSubstr("--host hosta:1,hostb:1"), HasSubstr("plm_rsh_agent")));
  EXPECT_EQ(finish_rank(1, one).exit_code, 0);
  const std::string hosts = read_file(folder_.path() / "hosts");
  EXPECT_THAT(hosts, AllOf(HasSubstr("hosta\n"), HasSubstr("hostb\n")));
  for (const record::CellRecord& record : record::load(results())) {
    EXPECT_EQ(record.disposition, record::Disposition::kOk);
    EXPECT_EQ(record.environment.at("launcher"), "mpirun");
    EXPECT_THAT(record.warnings, Not(Contains(HasSubstr("outlived"))));
  }
}

TEST_F(OuterCliTest, AllRanksExitWithTheDriversCode) {
  SKIP_WITHOUT_HOST_NAMES();
  worker_.set_mode("crash");
  worker_.set_only_for("parallelism: ep");
  const std::vector<std::string> run = {"run", "file.yaml", "--launcher", "env"};
  const pid_t one = start_rank(1, "hostb", run);
  const pid_t zero = start_rank(0, "hosta", run);
  const Output driver = finish_rank(0, zero);
  EXPECT_EQ(driver.exit_code, 3) << driver.err;
  EXPECT_THAT(driver.err, HasSubstr("the worker gives up"));
  EXPECT_EQ(finish_rank(1, one).exit_code, 3);

  const std::vector<std::string> many = {"run", "file.yaml", "--launcher", "env", "--ranks", "4"};
  const pid_t second = start_rank(1, "", many);
  const Output refused = finish_rank(0, start_rank(0, "", many));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err,
              HasSubstr("4 ranks are wanted, but the outer launcher has started 2 (WORLD_SIZE"));
  EXPECT_EQ(finish_rank(1, second).exit_code, 2);
}

TEST_F(OuterCliTest, AHostThatIsGoneIsNamedByEveryCellThatNeedsIt) {
  SKIP_WITHOUT_HOST_NAMES();
  worker_.set_mode("hang");
  worker_.set_only_for("parallelism: fsdp");
  const std::vector<std::string> run = {"run", "file.yaml", "--launcher", "env"};
  const pid_t one = start_rank(1, "hostb", run);
  const pid_t zero = start_rank(0, "hosta", run);
  ASSERT_TRUE(comes_to_sleepers(2));
  ::kill(one, SIGKILL);
  const Output driver = finish_rank(0, zero);
  EXPECT_EQ(finish_rank(1, one).exit_code, -SIGKILL);
  EXPECT_EQ(driver.exit_code, 3) << driver.err;
  EXPECT_TRUE(comes_to_sleepers(0));
  const auto records = record::load(results());
  ASSERT_EQ(records.size(), 2U);
  for (const record::CellRecord& record : records) {
    EXPECT_EQ(record.disposition, record::Disposition::kCrashed);
    EXPECT_THAT(record.message, HasSubstr("host 'hostb' (127.0.0.1) is gone"));
  }
}

TEST_F(OuterCliTest, ATimeLimitEndsACellOnAllHostsAndTheNextOneRunsThere) {
  SKIP_WITHOUT_HOST_NAMES();
  worker_.set_mode("hang");
  worker_.set_only_for("parallelism: fsdp");
  const std::vector<std::string> run = {"run", "file.yaml",    "--launcher",
                                        "env", "--time-limit", "10"};
  const pid_t one = start_rank(1, "hostb", run);
  const Output driver = finish_rank(0, start_rank(0, "hosta", run));
  EXPECT_EQ(driver.exit_code, 3) << driver.err;
  EXPECT_EQ(finish_rank(1, one).exit_code, 3);
  EXPECT_EQ(worker_.count_sleepers(), 0);
  const auto records = record::load(results());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].disposition, record::Disposition::kTimedOut);
  EXPECT_EQ(records[1].disposition, record::Disposition::kOk) << records[1].message;
}

TEST_F(OuterCliTest, NothingIsLeftWhereTheDriverIsKilled) {
  SKIP_WITHOUT_HOST_NAMES();
  worker_.set_mode("hang");
  const std::vector<std::string> run = {"run", "file.yaml", "--launcher", "env"};
  const pid_t one = start_rank(1, "hostb", run);
  const pid_t zero = start_rank(0, "hosta", run);
  ASSERT_TRUE(comes_to_sleepers(2));
  ::kill(zero, SIGKILL);
  EXPECT_EQ(finish_rank(0, zero).exit_code, -SIGKILL);
  const Output agent = finish_rank(1, one);
  EXPECT_EQ(agent.exit_code, 70);
  EXPECT_THAT(agent.err, HasSubstr("rank 0 at 127.0.0.1:"));
  EXPECT_EQ(worker_.count_sleepers(), 0);
}

TEST_F(OuterCliTest, AWrongEnvironmentIsRefused) {
  const std::vector<std::string> run = {"run", "file.yaml", "--launcher", "env"};
  const Output rank = finish_rank(0, start_rank(0, "", run, {{"RANK", "2"}}));
  EXPECT_EQ(rank.exit_code, 2);
  EXPECT_THAT(rank.err, HasSubstr("RANK=2, but WORLD_SIZE=2"));
  ::setenv("WORLD_SIZE", "2", 1);
  const Output none = moebench(run);
  ::unsetenv("WORLD_SIZE");
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("WORLD_SIZE is set but RANK is not"));
  const Output both = moebench({"run", "file.yaml", "--launcher", "env", "--hosts", "hosts"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.err, HasSubstr("leave --hosts hosts out"));
}

// The inner mpirun must not take part in the outer one.
TEST_F(OuterCliTest, RunsUnderMpirun) {
  const std::string command =
      "mpirun --allow-run-as-root --oversubscribe --mca btl self,vader --mca oob_tcp_if_include lo "
      "--bind-to none -n 2 -x MOEBENCH_PORT=" +
      std::to_string(port_) + " " MOEBENCH_PROGRAM " run file.yaml --launcher env >out 2>err";
  const int status = std::system(("cd " + folder_.path().string() + " && " + command).c_str());
  EXPECT_EQ(status, 0) << read_file(folder_.path() / "err");
  EXPECT_THAT(read_file(folder_.path() / "err"),
              HasSubstr("rank 0 of 2 drives (OMPI_COMM_WORLD_RANK)"));
  EXPECT_EQ(num_lines(), 2U);
}

}  // namespace
}  // namespace moebench
