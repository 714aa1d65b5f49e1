#include "harness/launch/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/testing/fake_worker.h"

namespace moebench::launch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

config::CellConfig cell_of(std::int64_t ranks) {
  config::CellConfig cell;
  cell.ranks = ranks;
  cell.threads_per_rank = 3;
  return cell;
}

LaunchCommand command_for(std::int64_t ranks, Launcher launcher, const LaunchPlace& place = {}) {
  return make_launch_command(cell_of(ranks), "/bin/worker", "/out/a b", launcher, place);
}

TEST(LauncherTest, OneRankRunsInPlace) {
  const LaunchCommand launch = command_for(1, Launcher::kAuto);
  EXPECT_EQ(launch.launcher, Launcher::kDirect);
  EXPECT_THAT(launch.command,
              ElementsAre("/bin/worker", "--cell", "/out/a b/cell.yaml", "--out", "/out/a b"));
  EXPECT_THAT(launch.environment,
              Contains(std::pair<std::string, std::string>("OMP_NUM_THREADS", "3")));
}

TEST(LauncherTest, MpirunAsRootOnOneHostUsesLoopback) {
  const LaunchCommand launch = command_for(2, Launcher::kAuto, {.num_cores = 8, .is_root = true});
  EXPECT_EQ(launch.launcher, Launcher::kMpirun);
  EXPECT_EQ(launch.command[0], "mpirun");
  EXPECT_THAT(launch.command, Contains("--allow-run-as-root"));
  EXPECT_THAT(launch.command, Contains("lo"));
  EXPECT_THAT(launch.command, Contains("2"));
}

TEST(LauncherTest, MpirunOverSeveralHostsKeepsTheNetwork) {
  const LaunchCommand launch = command_for(8, Launcher::kMpirun, {.num_hosts = 2});
  EXPECT_THAT(launch.command, Not(Contains("lo")));
  EXPECT_THAT(launch.command, Not(Contains("--allow-run-as-root")));
}

TEST(LauncherTest, MissingLauncherSaysTheRemedy) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  std::string mpirun_error;
  std::string srun_error;
  try {
    command_for(2, Launcher::kAuto);
  } catch (const Error& error) {
    mpirun_error = error.what();
  }
  try {
    command_for(2, Launcher::kAuto, {.in_slurm = true});
  } catch (const Error& error) {
    srun_error = error.what();
  }
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(mpirun_error, HasSubstr("install Open MPI"));
  EXPECT_THAT(srun_error, HasSubstr("--launcher mpirun"));
}

TEST(LauncherTest, DirectRefusesSeveralRanks) {
  EXPECT_THROW(command_for(2, Launcher::kDirect), Error);
  EXPECT_THROW(parse_name<Launcher>("pdsh", "launcher"), Error);
}

TEST(LauncherTest, ScriptReproducesCommandAndEnvironment) {
  const TemporaryFolder folder;
  LaunchCommand launch;
  launch.command = {"printf", "%s|", "it's", "--out", "/out/a b"};
  launch.environment = {{"OMP_NUM_THREADS", "3"}};
  const auto script = folder.path() / "command.sh";
  write_file_atomically(script, reproduction_script(launch, cell_of(1), "/out/a b"));
  const auto run = [&](const std::string& argument) {
    const auto out = folder.path() / "out";
    const std::string command = "sh " + script.string() + argument + " > " + out.string();
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read_file(out);
  };
  EXPECT_EQ(run(""), "it's|--out|/out/a b|");
  EXPECT_EQ(run(" '/other place'"), "it's|--out|/other place|");
  EXPECT_THAT(read_file(script), HasSubstr("export OMP_NUM_THREADS='3'\n"));
}

}  // namespace
}  // namespace moebench::launch
