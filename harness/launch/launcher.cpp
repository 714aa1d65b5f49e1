#include "harness/launch/launcher.h"

#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>

#include "harness/base/check.h"
#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/launch/programs.h"
#include "harness/launch/rank_placement.h"
#include "harness/launch/shell_words.h"
#include "harness/machine/environment.h"

namespace moebench::launch {
namespace {

constexpr double kLauncherVersionLimitS = 60;

const char* program_of(Launcher launcher) {
  return launcher == Launcher::kSlurm ? "srun" : "mpirun";
}

void check_is_installed(Launcher launcher) {
  if (launcher == Launcher::kDirect || is_in_path(program_of(launcher))) return;
  if (launcher == Launcher::kSlurm) {
    throw Error("srun is not in PATH; run on a node of a Slurm cluster, or use --launcher mpirun");
  }
  throw Error(
      "mpirun is not in PATH; install Open MPI (Debian: apt-get install openmpi-bin) or run cells "
      "of one rank only (--filter ranks=1)");
}

Launcher resolve(const LaunchRequest& request, const LaunchPlace& place) {
  const Launcher wanted = request.choice.launcher;
  if (wanted == Launcher::kDirect && request.ranks != 1) {
    throw Error("launcher direct starts one rank, but {} are wanted; use mpirun or slurm",
                request.ranks);
  }
  // What names hosts names those that a single rank runs on, too.
  const bool names_hosts = request.nodes > 0 || place.hosts.origin == HostsOrigin::kFile;
  const bool needs_launcher = request.bind != config::Binding::kNone ||
                              !request.choice.arguments.empty() ||
                              (names_hosts && !place.hosts.all_here());
  const bool is_free = wanted == Launcher::kAuto || wanted == Launcher::kEnv;
  const bool may_be_direct = is_free && request.ranks == 1 && !needs_launcher;
  return may_be_direct ? Launcher::kDirect : usual_launcher(request.choice, place);
}

std::vector<std::string> mpirun_command(const LaunchRequest& request, const LaunchPlace& place,
                                        const EnvironmentVariables& environment) {
  std::vector<std::string> arguments = {"mpirun"};
  auto add = [&](const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
  };
  add(mpirun_placement(request, place));
  if (place.is_root) add({"--allow-run-as-root"});
  for (const auto& [name, value] : environment) add({"-x", name});
  add(request.choice.arguments);
  add({"-n", std::to_string(request.ranks)});
  return arguments;
}

// The values come from srun's own environment: within --export a comma could not be quoted.
std::vector<std::string> srun_command(const LaunchRequest& request) {
  std::vector<std::string> arguments = {"srun", "--mpi=pmix", "--export=ALL"};
  auto add = [&](const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
  };
  add(srun_placement(request));
  add(request.choice.arguments);
  add({"-n", std::to_string(request.ranks)});
  return arguments;
}

EnvironmentVariables rank_environment(const LaunchRequest& request) {
  const std::string threads = std::to_string(request.threads_per_rank);
  // Kineto complains on every machine without a GPU.
  EnvironmentVariables environment = {{"OMP_NUM_THREADS", threads},
                                      {"MKL_NUM_THREADS", threads},
                                      {"THP_MEM_ALLOC_ENABLE", "1"},
                                      {"KINETO_LOG_LEVEL", "99"}};
  for (const auto& [name, value] : request.environment) {
    std::erase_if(environment, [&](const auto& entry) { return entry.first == name; });
    environment.emplace_back(name, value);
  }
  return environment;
}

// Quotes a word of a script in which $out stands for `folder`, a path within the word included.
std::string quoted_below(const std::string& folder, const std::string& word) {
  const std::size_t at = word.find(folder);
  const bool ends = at != std::string::npos &&
                    (at + folder.size() == word.size() || word[at + folder.size()] == '/');
  if (!ends) return shell_quoted(word);
  const auto part = [](const std::string& text) { return text.empty() ? "" : shell_quoted(text); };
  return part(word.substr(0, at)) + "\"$out\"" + part(word.substr(at + folder.size()));
}

std::string ask_version(Launcher launcher) {
  const TemporaryFolder folder("moebench-launcher");
  ProcessOptions process;
  process.command = {program_of(launcher), "--version"};
  process.stdout_path = folder.path() / "stdout";
  process.stderr_path = folder.path() / "stderr";
  process.time_limit_s = kLauncherVersionLimitS;
  run_process(process);
  std::istringstream text(read_file(process.stdout_path));
  std::string line;
  std::getline(text, line);
  if (line.ends_with('\r')) line.pop_back();
  return line.empty() ? "unknown" : line;
}

}  // namespace

LauncherChoice launcher_choice(const std::string& launcher, const std::string& arguments) {
  const std::string option = "--launcher-args";
  LauncherChoice choice = {parse_name<Launcher>(launcher, "launcher"),
                           split_shell_words(arguments, option)};
  for (const std::string& word : choice.arguments) {
    for (const char* binding : {"--bind-to", "-bind-to", "--cpu-bind"}) {
      if (!word.starts_with(binding)) continue;
      throw Error("{}: '{}' is what the setting bind says (none, core, numa); set that", option,
                  word);
    }
  }
  return choice;
}

LaunchPlace read_launch_place(const LauncherChoice& choice) {
  LaunchPlace place;
  place.num_cores = machine::count_allowed_cores();
  place.is_root = ::geteuid() == 0;
  place.in_slurm = environment_variable("SLURM_JOB_ID").has_value();
  place.hosts = read_hosts(choice.arguments, choice.hosts_file);
  if (place.hosts.origin != HostsOrigin::kFile) return place;
  // Of a file that the user has never seen.
  if (choice.launcher == Launcher::kEnv) place.hosts.source = "the outer launcher";
  const std::filesystem::path folder = std::filesystem::absolute(choice.hosts_file).parent_path();
  if (is_program(folder / "agent")) {
    place.rsh_agent = folder / "agent";
    place.hosts.is_this_host = false;  // whatever its name: it is reached by the agent
  }
  std::ifstream(folder / "interface") >> place.interface;
  std::ifstream(folder / "address") >> place.first_address;
  return place;
}

Launcher usual_launcher(const LauncherChoice& choice, const LaunchPlace& place) {
  if (choice.launcher == Launcher::kEnv) return Launcher::kMpirun;
  if (choice.launcher != Launcher::kAuto) return choice.launcher;
  if (place.hosts.origin == HostsOrigin::kFile) return Launcher::kMpirun;
  return place.in_slurm ? Launcher::kSlurm : Launcher::kMpirun;
}

bool may_leave_host(Launcher launcher, const LaunchPlace& place) {
  if (launcher == Launcher::kDirect) return false;
  return launcher == Launcher::kSlurm || !place.hosts.all_here();
}

LaunchCommand make_launch_command(const LaunchRequest& request, const LaunchPlace& place) {
  LaunchCommand launch;
  launch.launcher = resolve(request, place);
  check_is_installed(launch.launcher);
  check_placement(request, launch.launcher, place);
  launch.environment = rank_environment(request);
  if (launch.launcher == Launcher::kMpirun) {
    launch.command = mpirun_command(request, place, launch.environment);
  } else if (launch.launcher == Launcher::kSlurm) {
    launch.command = srun_command(request);
  }
  launch.command.insert(launch.command.end(), request.command.begin(), request.command.end());
  return launch;
}

LaunchRequest launch_request(const config::CellConfig& cell) {
  LaunchRequest request;
  request.ranks = cell.processes();
  request.threads_per_rank = cell.threads_per_rank;
  request.bind = cell.bind;
  request.needs_gpus = cell.device == config::Device::kCuda;
  if (cell.processes() == cell.ranks) {  // the one that is played alone has no place among others
    request.nodes = cell.nodes;
    request.ranks_per_node = cell.ranks_per_node;
  }
  return request;
}

void check_launcher(const config::CellConfig& cell, const LauncherChoice& choice,
                    const LaunchPlace& place) {
  if (cell.engine.starts_ranks && !cell.engine.is_builtin()) return;
  LaunchRequest request = launch_request(cell);
  request.choice = choice;
  const Launcher launcher = resolve(request, place);
  check_is_installed(launcher);
  check_placement(request, launcher, place);
}

std::string reproduction_script(const LaunchCommand& launch, const std::string& cell_id,
                                const std::filesystem::path& folder) {
  std::string script = "#!/bin/sh\n";
  script += fmt::format("# Starts the ranks of cell {} again; writes to the folder $1.\n", cell_id);
  script += fmt::format("out=${{1:-{}}}\n", shell_quoted(folder.string()));
  for (const auto& [name, value] : launch.environment) {
    script += fmt::format("export {}={}\n", name, quoted_below(folder.string(), value));
  }
  script += "exec";
  for (const std::string& argument : launch.command) {
    script += " " + quoted_below(folder.string(), argument);
  }
  return script + "\n";
}

std::string launcher_version(Launcher launcher) {
  if (launcher == Launcher::kDirect || launcher == Launcher::kAuto) return "";
  check_is_installed(launcher);
  static std::map<Launcher, std::string> versions;
  if (!versions.contains(launcher)) versions[launcher] = ask_version(launcher);
  return versions[launcher];
}

}  // namespace moebench::launch
