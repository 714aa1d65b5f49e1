#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/names.h"
#include "harness/config/cell.h"
#include "harness/launch/process.h"

namespace moebench::launch {

enum class Launcher {
  kAuto,    // in place for one rank, srun inside a Slurm allocation, else mpirun
  kDirect,  // in place: one rank only
  kMpirun,
  kSlurm,
};
constexpr auto names_of(Launcher) {
  return name_table<Launcher>({{Launcher::kAuto, "auto"},
                               {Launcher::kDirect, "direct"},
                               {Launcher::kMpirun, "mpirun"},
                               {Launcher::kSlurm, "slurm"}});
}
using moebench::to_string;

// How many cores there are and where the ranks would run; read once a run.
struct LaunchPlace {
  int num_cores = 1;
  int num_hosts = 1;  // of the Slurm allocation; 1 outside
  bool is_root = false;
  bool in_slurm = false;
};
LaunchPlace read_launch_place();

// The command that starts all ranks of one repetition, and what it adds to the environment.
struct LaunchCommand {
  Launcher launcher = Launcher::kDirect;  // never kAuto
  std::vector<std::string> command;
  EnvironmentVariables environment;
};

// What is to be started.
struct LaunchRequest {
  std::vector<std::string> command;  // of every rank: a program and its arguments
  std::int64_t ranks = 1;
  std::int64_t threads_per_rank = 1;
  Launcher launcher = Launcher::kAuto;
};
LaunchCommand make_launch_command(const LaunchRequest& request, const LaunchPlace& place);

// Worker contract: `worker --cell FOLDER/cell.yaml --out FOLDER` on every rank.
LaunchCommand make_launch_command(const config::CellConfig& cell,
                                  const std::filesystem::path& worker,
                                  const std::filesystem::path& folder, Launcher launcher,
                                  const LaunchPlace& place);

// A shell script that starts the same ranks again: its first argument is the folder to write to.
std::string reproduction_script(const LaunchCommand& launch, const config::CellConfig& cell,
                                const std::filesystem::path& folder);

// First line of the launcher's --version, "" for kDirect. Error with the remedy where the launcher
// is not installed.
std::string launcher_version(Launcher launcher);

}  // namespace moebench::launch
