#include "harness/launch/engine_start.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/base/printable.h"
#include "harness/base/system_error.h"
#include "harness/base/temporary_folder.h"
#include "harness/base/words.h"
#include "harness/config/placeholders.h"
#include "harness/launch/process.h"
#include "harness/launch/programs.h"
#include "harness/launch/rank_placement.h"
#include "harness/launch/shell_words.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

constexpr double kEngineVersionLimitS = 300;  // importing a framework takes its time
// Of a file that tells one program from another; a larger one is data.
constexpr std::uintmax_t kMaxProgramBytes = 1 << 26;

// Which of the ranks a process is, its launcher says in words of its own. Under mpirun NODE_RANK
// takes the ranks as placed host by host, as it does where nothing else is said; within an
// allocation of Slurm's its ranks see Slurm's words, too, which are of its daemons.
constexpr const char* kRankScript = R"(#!/bin/sh
# Gives a rank the variables that torch.distributed reads, and becomes the program.
RANK=${OMPI_COMM_WORLD_RANK:-${SLURM_PROCID:-0}}
LOCAL_RANK=${OMPI_COMM_WORLD_LOCAL_RANK:-${SLURM_LOCALID:-0}}
LOCAL_WORLD_SIZE=${OMPI_COMM_WORLD_LOCAL_SIZE:-${SLURM_STEP_TASKS_PER_NODE:-1}}
LOCAL_WORLD_SIZE=${LOCAL_WORLD_SIZE%%[!0-9]*}
NODE_RANK=$((RANK / LOCAL_WORLD_SIZE))
[ -n "$OMPI_COMM_WORLD_RANK" ] || NODE_RANK=${SLURM_NODEID:-$NODE_RANK}
# A step may have some of the job's nodes only; mpirun's daemons are a step that lacks its own node.
nodes=$SLURM_JOB_NODELIST
[ -n "$OMPI_COMM_WORLD_RANK" ] || nodes=${SLURM_STEP_NODELIST:-$nodes}
if [ -z "$MASTER_ADDR" ] && [ -n "$nodes" ]; then
  MASTER_ADDR=$(scontrol show hostnames "$nodes" | head -n 1)
fi
if [ -z "$MASTER_ADDR" ] && [ "$WORLD_SIZE" -gt 1 ]; then
  echo "no MASTER_ADDR: nothing says where rank 0 is; use --launcher-args '-x MASTER_ADDR=HOST'" >&2
  exit 1
fi
MASTER_ADDR=${MASTER_ADDR:-127.0.0.1}
export RANK LOCAL_RANK LOCAL_WORLD_SIZE NODE_RANK MASTER_ADDR
exec "$@"
)";

void set(EnvironmentVariables& environment, const std::string& name, const std::string& value) {
  std::erase_if(environment, [&](const auto& entry) { return entry.first == name; });
  environment.emplace_back(name, value);
}

void check_program(const std::string& engine, const std::string& program) {
  if (program.find('/') == std::string::npos) {
    if (is_in_path(program)) return;
    throw Error("engine '{}': no program '{}' in PATH; install it, or write its path", engine,
                program);
  }
  if (is_program(program)) return;
  // What lies in a bin/ without the rest is a virtual environment that was never made.
  const fs::path bin = fs::path(program).parent_path();
  const bool is_environment = bin.filename() == "bin" && !fs::exists(bin.parent_path());
  throw Error("engine '{}': '{}' is no executable file; {}", engine, program,
              is_environment ? fmt::format("there is no virtual environment in '{}': make it first",
                                           bin.parent_path().string())
                             : "correct the path in its command");
}

// What the version command is: nothing has started where it is asked.
ProcessOptions version_process(const config::EngineConfig& engine) {
  ProcessOptions process;
  process.command = engine.version;
  for (const std::string& pair : engine.environment) {
    const auto [name, value] = config::split_pair(pair);
    process.environment.emplace_back(name, config::fill_in_before_start(value));
  }
  return process;
}

std::string ask_version(const std::string& engine, ProcessOptions process) {
  const TemporaryFolder folder("moebench-version");
  process.stdout_path = folder.path() / "stdout";
  process.stderr_path = folder.path() / "stderr";
  process.time_limit_s = kEngineVersionLimitS;
  const ProcessResult result = run_process(process);
  if (result.exit_code != 0 || result.signal != 0 || result.timed_out) {
    throw Error("engine '{}': its version command '{}' failed: {}", engine,
                joined_shell_words(process.command),
                shortened(printable(read_file(process.stderr_path)), 300));
  }
  std::string text = read_file(process.stdout_path);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return shortened(text, 300);
}

}  // namespace

EngineStart engine_start(const config::CellConfig& cell, const fs::path& folder, int port,
                         const LauncherChoice& choice, const EnvironmentVariables& environment,
                         const LaunchPlace& place) {
  const std::string events = (folder / "events_{rank}.jsonl").string();
  const std::vector<std::pair<std::string, std::string>> known = {
      {"out", folder.string()}, {"port", std::to_string(port)}, {"events", events}};
  EngineStart start;
  LaunchRequest request = launch_request(cell);
  for (const std::string& word : cell.engine.command) {
    request.command.push_back(config::fill_in_at_start(word, known));
  }
  const std::string threads = std::to_string(cell.threads_per_rank);
  request.environment = {{"OMP_NUM_THREADS", threads}, {"MKL_NUM_THREADS", threads}};
  for (const std::string& pair : cell.engine.environment) {
    const auto [name, value] = config::split_pair(pair);
    set(request.environment, name, config::fill_in_at_start(value, known));
  }
  for (const auto& [name, value] : environment) set(request.environment, name, value);
  set(request.environment, "MOEBENCH_EVENTS", events);
  if (cell.engine.starts_ranks) {
    start.launch = {Launcher::kDirect, request.command, request.environment};
    return start;
  }
  set(request.environment, "WORLD_SIZE", std::to_string(cell.ranks));
  set(request.environment, "MASTER_PORT", std::to_string(port));
  const std::string master = place.hosts.all_here() ? "127.0.0.1" : first_host(request, place);
  if (!master.empty()) set(request.environment, "MASTER_ADDR", master);
  start.rank_script = kRankScript;
  request.command.insert(request.command.begin(), {"/bin/sh", (folder / "rank.sh").string()});
  request.choice = choice;
  start.launch = make_launch_command(request, place);
  return start;
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) throw_errno(errno, "cannot open a socket to find a free port");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool found = ::bind(socket, any, size) == 0 && ::getsockname(socket, any, &size) == 0;
  const int reason = errno;
  ::close(socket);
  if (!found) throw_errno(reason, "cannot find a free port");
  return ntohs(address.sin_port);
}

void check_engine(const config::EngineConfig& engine) {
  check_program(engine.name, config::fill_in_before_start(engine.command.front()));
  if (!engine.version.empty()) check_program(engine.name, engine.version.front());
}

std::string engine_version(const config::EngineConfig& engine) {
  if (engine.version.empty()) return "";
  const ProcessOptions process = version_process(engine);
  static std::map<std::pair<std::vector<std::string>, EnvironmentVariables>, std::string> versions;
  const std::pair question(process.command, process.environment);
  if (!versions.contains(question)) versions[question] = ask_version(engine.name, process);
  return versions[question];
}

std::string engine_hash(const config::EngineConfig& engine) {
  std::string identity = engine_version(engine);
  for (const std::string& word : engine.command) {
    const fs::path file = config::fill_in_before_start(word);
    std::error_code error;
    if (!fs::is_regular_file(file, error) || fs::file_size(file, error) > kMaxProgramBytes)
      continue;
    identity += " " + hash_hex(read_file(file));
  }
  return hash_hex(identity);
}

}  // namespace moebench::launch
