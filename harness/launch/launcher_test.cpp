#include "harness/launch/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/launch/shell_words.h"
#include "harness/testing/fake_worker.h"
#include "harness/testing/shell_script.h"

namespace moebench::launch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

LaunchRequest request_for(std::int64_t ranks, Launcher launcher) {
  LaunchRequest request;
  request.command = {"/bin/worker", "--out", "/out/a b"};
  request.ranks = ranks;
  request.threads_per_rank = 3;
  request.choice.launcher = launcher;
  return request;
}

LaunchCommand command_for(std::int64_t ranks, Launcher launcher, const LaunchPlace& place = {}) {
  return make_launch_command(request_for(ranks, launcher), place);
}

std::string line_of(const LaunchCommand& launch) { return joined_shell_words(launch.command); }

// For the time of a test: programs that do nothing, so that srun is found.
class ProgramsInPath {
 public:
  ProgramsInPath() : old_(std::getenv("PATH")) {
    for (const char* name : {"srun", "mpirun"}) write_shell_script(folder_.path() / name, "");
    ::setenv("PATH", folder_.path().c_str(), 1);
  }
  ~ProgramsInPath() { ::setenv("PATH", old_.c_str(), 1); }

 private:
  TemporaryFolder folder_;
  std::string old_;
};

TEST(LauncherTest, OneRankRunsInPlace) {
  const LaunchCommand launch = command_for(1, Launcher::kAuto);
  EXPECT_EQ(launch.launcher, Launcher::kDirect);
  EXPECT_THAT(launch.command, ElementsAre("/bin/worker", "--out", "/out/a b"));
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
  const LaunchCommand launch = command_for(8, Launcher::kMpirun, {.hosts = {2, false}});
  EXPECT_THAT(launch.command, Not(Contains("lo")));
  EXPECT_THAT(launch.command, Not(Contains("--allow-run-as-root")));
}

TEST(LauncherTest, MissingLauncherSaysTheRemedy) {
  const std::string path = std::getenv("PATH");
  const TemporaryFolder empty;
  ::setenv("PATH", empty.path().c_str(), 1);
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

TEST(LauncherTest, ArgumentsComeBehindOursAndNeedALauncher) {
  const ProgramsInPath programs;
  LaunchRequest request = request_for(1, Launcher::kAuto);
  request.choice = launcher_choice("auto", "--mca pml 'ucx'");
  EXPECT_THAT(line_of(make_launch_command(request, {})),
              HasSubstr("--mca pml ucx -n 1 /bin/worker --out '/out/a b'"));
  request.choice.launcher = Launcher::kSlurm;
  EXPECT_THAT(line_of(make_launch_command(request, {})), HasSubstr(" --mca pml ucx -n 1 /bin"));
  for (const char* words : {"--bind-to core", "--cpu-bind=cores"}) {
    EXPECT_THROW(launcher_choice("auto", words), Error) << words;
  }
}

TEST(LauncherTest, BindingIsTheLaunchers) {
  const ProgramsInPath programs;
  struct Expected {
    config::Binding bind;
    const char* mpirun;
    const char* srun;
  };
  for (const Expected& expected :
       {Expected{config::Binding::kNone, "mpirun --bind-to none ", " --cpu-bind=none "},
        Expected{config::Binding::kCore, "mpirun --map-by slot:PE=3 --bind-to core ",
                 " --cpu-bind=cores --cpus-per-task=3 "},
        Expected{config::Binding::kNuma, "mpirun --map-by numa --bind-to numa ",
                 " --cpu-bind=ldoms "}}) {
    LaunchRequest request = request_for(2, Launcher::kMpirun);
    request.bind = expected.bind;
    EXPECT_THAT(line_of(make_launch_command(request, {})), HasSubstr(expected.mpirun));
    request.choice.launcher = Launcher::kSlurm;
    EXPECT_THAT(line_of(make_launch_command(request, {})), HasSubstr(expected.srun));
  }
  LaunchRequest alone = request_for(1, Launcher::kAuto);
  alone.bind = config::Binding::kCore;
  EXPECT_EQ(make_launch_command(alone, {}).launcher, Launcher::kMpirun);
}

TEST(LauncherTest, TheEnvironmentReachesEveryHostAndTheScript) {
  const ProgramsInPath programs;
  LaunchRequest request = request_for(2, Launcher::kMpirun);
  request.environment = {{"MOEBENCH_ARM", "it's b"}, {"OMP_NUM_THREADS", "7"}};
  const LaunchCommand mpirun = make_launch_command(request, {.hosts = {2, false}});
  EXPECT_THAT(line_of(mpirun), HasSubstr("-x MOEBENCH_ARM"));
  const std::string script = reproduction_script(mpirun, "an id", "/out/a b");
  EXPECT_THAT(script, HasSubstr("export MOEBENCH_ARM='it'\\''s b'\n"));
  EXPECT_THAT(script, HasSubstr("export OMP_NUM_THREADS='7'\n"));
  EXPECT_THAT(script, Not(HasSubstr("OMP_NUM_THREADS='3'")));

  request.choice.launcher = Launcher::kSlurm;
  const LaunchCommand srun = make_launch_command(request, {});
  EXPECT_THAT(srun.command, Contains("--export=ALL"));
  EXPECT_THAT(srun.environment,
              Contains(std::pair<std::string, std::string>("MOEBENCH_ARM", "it's b")));
}

TEST(LauncherTest, AJobOnOneOtherHostKeepsTheNetwork) {
  EXPECT_THAT(command_for(2, Launcher::kMpirun, {.hosts = {1, false}}).command,
              Not(Contains("lo")));
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
  write_file_atomically(script, reproduction_script(launch, "an id", "/out/a b"));
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
