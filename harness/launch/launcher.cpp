#include "harness/launch/launcher.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "harness/base/error.h"
#include "harness/machine/environment.h"

namespace moebench::launch {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_in_path(const std::string& program) {
  std::istringstream folders(variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

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

Launcher resolve(Launcher wanted, std::int64_t ranks, const LaunchPlace& place) {
  if (wanted == Launcher::kDirect && ranks != 1) {
    throw Error("launcher direct starts one rank, but {} are wanted; use mpirun or slurm", ranks);
  }
  if (wanted != Launcher::kAuto) return wanted;
  if (ranks == 1) return Launcher::kDirect;
  return place.in_slurm ? Launcher::kSlurm : Launcher::kMpirun;
}

std::vector<std::string> mpirun_arguments(std::int64_t ranks, const LaunchPlace& place,
                                          const EnvironmentVariables& environment) {
  std::vector<std::string> arguments = {"mpirun", "--bind-to", "none"};
  auto add = [&](std::initializer_list<const char*> more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
  };
  if (place.is_root) add({"--allow-run-as-root"});
  // A slot is a physical core to mpirun, so the count of allowed hardware threads may exceed it.
  if (place.num_hosts == 1) {
    add({"--oversubscribe", "--mca", "btl", "self,vader"});
    add({"--mca", "oob_tcp_if_include", "lo", "--mca", "btl_tcp_if_include", "lo"});
  }
  for (const auto& [name, value] : environment) add({"-x", name.c_str()});
  arguments.insert(arguments.end(), {"-n", std::to_string(ranks)});
  return arguments;
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

LaunchPlace read_launch_place() {
  LaunchPlace place;
  place.num_cores = machine::count_allowed_cores();
  place.is_root = ::geteuid() == 0;
  place.in_slurm = !variable("SLURM_JOB_ID").empty();
  const std::string hosts = variable("SLURM_JOB_NUM_NODES");
  if (place.in_slurm) {
    std::from_chars(hosts.data(), hosts.data() + hosts.size(), place.num_hosts);
  }
  return place;
}

LaunchCommand make_launch_command(const LaunchRequest& request, const LaunchPlace& place) {
  LaunchCommand launch;
  launch.launcher = resolve(request.launcher, request.ranks, place);
  check_is_installed(launch.launcher);
  const std::string threads = std::to_string(request.threads_per_rank);
  // Kineto complains on every machine without a GPU.
  launch.environment = {{"OMP_NUM_THREADS", threads},
                        {"MKL_NUM_THREADS", threads},
                        {"THP_MEM_ALLOC_ENABLE", "1"},
                        {"KINETO_LOG_LEVEL", "99"}};
  if (launch.launcher == Launcher::kMpirun) {
    launch.command = mpirun_arguments(request.ranks, place, launch.environment);
  } else if (launch.launcher == Launcher::kSlurm) {
    launch.command = {"srun", "--mpi=pmix", "-n", std::to_string(request.ranks),
                      "--cpus-per-task=" + threads};
  }
  launch.command.insert(launch.command.end(), request.command.begin(), request.command.end());
  return launch;
}

LaunchCommand make_launch_command(const config::CellConfig& cell,
                                  const std::filesystem::path& worker,
                                  const std::filesystem::path& folder, Launcher launcher,
                                  const LaunchPlace& place) {
  const LaunchRequest request{
      .command = {worker.string(), "--cell", (folder / "cell.yaml").string(), "--out",
                  folder.string()},
      .ranks = cell.processes(),
      .threads_per_rank = cell.threads_per_rank,
      .launcher = launcher};
  return make_launch_command(request, place);
}

std::string reproduction_script(const LaunchCommand& launch, const config::CellConfig& cell,
                                const std::filesystem::path& folder) {
  std::string script = "#!/bin/sh\n";
  script +=
      fmt::format("# Starts the ranks of cell {} again; writes to the folder $1.\n", cell.id());
  script += fmt::format("out=${{1:-{}}}\n", quoted(folder.string()));
  for (const auto& [name, value] : launch.environment) {
    script += fmt::format("export {}={}\n", name, quoted(value));
  }
  script += "exec";
  for (const std::string& argument : launch.command) {
    script += argument == folder.string() ? " \"$out\"" : " " + quoted(argument);
  }
  return script + "\n";
}

std::string launcher_version(Launcher launcher) {
  if (launcher == Launcher::kDirect || launcher == Launcher::kAuto) return "";
  check_is_installed(launcher);
  const std::string command = std::string(program_of(launcher)) + " --version 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::array<char, 256> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) return "unknown";
  std::string text = line.data();
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace moebench::launch
