#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/names.h"
#include "harness/config/cell.h"
#include "harness/launch/hosts.h"
#include "harness/launch/process.h"

namespace moebench::launch {

enum class Launcher {
  kAuto,    // in place for one rank without binding or arguments; srun inside a Slurm allocation;
            // else mpirun
  kDirect,  // in place: one rank only
  kMpirun,
  kSlurm,
  kEnv,  // as kAuto, by mpirun: over the hosts of ranks that another launcher has started (outer/)
};
constexpr auto names_of(Launcher) {
  return name_table<Launcher>({{Launcher::kAuto, "auto"},
                               {Launcher::kDirect, "direct"},
                               {Launcher::kMpirun, "mpirun"},
                               {Launcher::kSlurm, "slurm"},
                               {Launcher::kEnv, "env"}});
}
using moebench::to_string;

// How ranks are to be started, as the user chose it.
struct LauncherChoice {
  Launcher launcher = Launcher::kAuto;
  std::vector<std::string> arguments;     // of mpirun or srun, behind ours
  std::filesystem::path hosts_file = {};  // of hosts to run on; empty: what the environment says
};

// `arguments` as a shell splits them. Error where they are no words, or do what a setting does.
LauncherChoice launcher_choice(const std::string& launcher, const std::string& arguments);

// How many cores there are and where the ranks would run; read once a run.
struct LaunchPlace {
  int num_cores = 1;
  Hosts hosts = {};
  bool is_root = false;
  bool in_slurm = false;
  // What starts a command on one of the hosts, `agent HOST COMMAND...`, where that is not ssh: the
  // executable file `agent` beside the hosts' file; empty: Open MPI's own.
  std::string rsh_agent = {};
  // Name or network (10.0.0.0/24) of the interface that the hosts reach each other by: the first
  // word of the file `interface` beside the hosts' file; empty: Open MPI chooses.
  std::string interface = {};
  // The address by which the others reach the first host: the first word of the file `address`
  // beside the hosts' file; empty: its name.
  std::string first_address = {};
};

// Error where the hosts' file is wrong (read_hosts).
LaunchPlace read_launch_place(const LauncherChoice& choice = {});

// Which one starts several ranks: never kAuto or kEnv.
Launcher usual_launcher(const LauncherChoice& choice, const LaunchPlace& place);

// Whether ranks may run on other hosts than this one.
bool may_leave_host(Launcher launcher, const LaunchPlace& place);

// The command that starts all ranks of one repetition, and what it adds to the environment of each,
// on whatever host.
struct LaunchCommand {
  Launcher launcher = Launcher::kDirect;  // never kAuto
  std::vector<std::string> command;
  EnvironmentVariables environment;
};

// What is to be started.
struct LaunchRequest {
  std::vector<std::string> command = {};  // of every rank: a program and its arguments
  std::int64_t ranks = 1;
  std::int64_t threads_per_rank = 1;
  config::Binding bind = config::Binding::kNone;
  // Ranks with consecutive numbers on each of so many hosts, the first ones; both 0 = wherever the
  // launcher puts them.
  std::int64_t nodes = 0;
  std::int64_t ranks_per_node = 0;
  bool needs_gpus = false;  // one a rank
  LauncherChoice choice = {};
  EnvironmentVariables environment = {};  // of the ranks, beside and over the launcher's own
};
// Error where the ranks do not fit the hosts (rank_placement.h).
LaunchCommand make_launch_command(const LaunchRequest& request, const LaunchPlace& place);

// What a cell says of its processes: how many, where, with how many threads, on what.
LaunchRequest launch_request(const config::CellConfig& cell);

// Error where what would start a cell's ranks is not installed, or they do not fit the hosts.
// Engines that start their ranks themselves need neither.
void check_launcher(const config::CellConfig& cell, const LauncherChoice& choice,
                    const LaunchPlace& place);

// A shell script that starts the same ranks again: its first argument is the folder to write to.
std::string reproduction_script(const LaunchCommand& launch, const std::string& cell_id,
                                const std::filesystem::path& folder);

// First line of the launcher's --version, "" for kDirect; each is asked once in a process. Error
// with the remedy where the launcher is not installed.
std::string launcher_version(Launcher launcher);

}  // namespace moebench::launch
