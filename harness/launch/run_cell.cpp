#include "harness/launch/run_cell.h"

#include <signal.h>
#include <unistd.h>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/system_error.h"
#include "harness/base/utc_time.h"
#include "harness/config/placeholders.h"
#include "harness/data/encoded_text.h"
#include "harness/launch/engine_log.h"
#include "harness/launch/engine_start.h"
#include "harness/launch/libraries.h"
#include "harness/launch/output_growth.h"
#include "harness/launch/process.h"
#include "harness/launch/progress_watch.h"
#include "harness/launch/rank_placement.h"
#include "harness/launch/shell_words.h"
#include "harness/launch/transport_check.h"
#include "harness/launch/worker.h"
#include "harness/machine/memory_kills.h"
#include "harness/machine/package_watch.h"
#include "harness/machine/process_sampler.h"
#include "harness/machine/run_telemetry.h"
#include "harness/measure/gpu_process_sampler.h"
#include "harness/merge/merge.h"
#include "harness/merge/merge_trainer.h"
#include "harness/merge/process_metrics.h"
#include "harness/merge/rank_files.h"
#include "harness/record/rank_trace.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

constexpr int kExitOfSigkill = 128 + SIGKILL;  // how launchers pass on a rank's signal

void make_fresh(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (!error) fs::create_directories(folder, error);
  if (error) {
    throw_errno(error.value(), fmt::format("cannot make a fresh folder '{}'; check its owner and "
                                           "the disk",
                                           folder.string()));
  }
}

void write_script(const fs::path& script, const std::string& content) {
  write_file_atomically(script, content);
  fs::permissions(script, fs::perms::owner_exec | fs::perms::group_exec, fs::perm_options::add);
}

void write_command(const EngineStart& start, const config::CellConfig& cell,
                   const fs::path& folder) {
  write_script(folder / "command.sh", reproduction_script(start.launch, cell.id(), folder));
  if (!start.rank_script.empty()) write_script(folder / "rank.sh", start.rank_script);
  if (!cell.engine.is_builtin() && cell.model.overridden) {
    write_file_atomically(folder / config::kModelConfigFile, *cell.model.overridden);
  }
}

// As ranks read it: with the file that session::encode_data has written for them.
config::CellConfig with_encoded_text(config::CellConfig cell, const fs::path& results_folder) {
  if (data::needs_encoding(cell)) {
    cell.data.encoded = data::encoded_text_path(cell, results_folder);
  }
  return cell;
}

// Which program is measured.
void state_program(const config::CellConfig& cell, const RunCellOptions& options,
                   record::Environment& environment) {
  environment["worker_hash"] = program_hash(cell, options.worker);
  if (cell.engine.is_builtin()) {
    environment["worker"] = options.worker.string();
    return;
  }
  environment["worker"] = config::fill_in_before_start(cell.engine.command.front());
  const std::string version = engine_version(cell.engine);
  if (!version.empty()) environment["engine_version"] = version;
}

// The command, and beside it what it needs in the folder.
EngineStart start_of(const config::CellConfig& cell, const fs::path& folder,
                     const RunCellOptions& options) {
  EnvironmentVariables variables = transport_environment(cell, folder);
  variables.insert(variables.end(), options.environment.begin(), options.environment.end());
  if (!cell.engine.is_builtin()) {
    return engine_start(cell, folder, free_port(), options.launcher, variables, options.place);
  }
  LaunchRequest request = launch_request(cell);
  request.command = {options.worker.string(), "--cell", (folder / "cell.yaml").string(), "--out",
                     folder.string()};
  if (options.gemm_rate_is_known) request.command.emplace_back("--gemm-rate-known");
  request.choice = options.launcher;
  request.environment = library_environment(options.worker);
  request.environment.insert(request.environment.end(), variables.begin(), variables.end());
  return {make_launch_command(request, options.place)};
}

ProcessOptions process_options(const LaunchCommand& launch, const config::CellConfig& cell,
                               const fs::path& folder) {
  ProcessOptions process;
  process.command = launch.command;
  process.environment = launch.environment;
  process.stdout_path = folder / "stdout";
  process.stderr_path = folder / "stderr";
  process.time_limit_s = cell.time_limit_s;
  return process;
}

merge::Outcome to_outcome(const ProcessResult& process, bool had_memory_kill,
                          const std::string& complaint, const fs::path& folder) {
  merge::Outcome outcome;
  outcome.exit_code = process.exit_code;
  outcome.signal = process.signal;
  outcome.timed_out = complaint;
  outcome.killed_for_memory =
      had_memory_kill && (process.signal == SIGKILL || process.exit_code == kExitOfSigkill);
  outcome.stdout_text = merge::both_ends(folder / "stdout");
  outcome.stderr_text = merge::both_ends(folder / "stderr");
  outcome.log_folder = folder.string();
  return outcome;
}

record::CellRecord start_record(const config::CellConfig& cell, int repetition, Launcher launcher,
                                const RunCellOptions& options) {
  record::CellRecord record;
  record.id = cell.id();
  record.scenario = cell.scenario;
  record.scenarios = scenario_places(cell);
  record.workload = cell.workload();
  record.axes = cell.axes();
  record.repetition = repetition;
  if (cell.known_failure) {
    record.known_failure = {cell.known_failure->reason, cell.known_failure->until};
  }
  record.environment = machine::driver_environment(options.machine);
  state_program(cell, options, record.environment);
  record.environment["launcher"] = to_string(launcher);
  const std::string placed_on = placement_text(launch_request(cell), options.place);
  if (launcher != Launcher::kDirect && !placed_on.empty()) {
    record.environment["placed_on"] = placed_on;
  }
  const std::string version = launcher_version(launcher);
  if (!version.empty()) record.environment["launcher_version"] = version;
  if (launcher != Launcher::kDirect) {
    record.environment["launcher_binding"] = to_string(cell.bind);
  }
  if (launcher != Launcher::kDirect && !options.launcher.arguments.empty()) {
    record.environment["launcher_args"] = joined_shell_words(options.launcher.arguments);
  }
  record.environment["world_size"] = std::to_string(cell.processes());
  record.environment["measure"] = to_string(cell.measure);
  record.environment["threads_per_rank"] = std::to_string(cell.threads_per_rank);
  record.warnings = machine::environment_warnings(
      options.machine, {.ranks = cell.processes(),
                        .threads_per_rank = cell.threads_per_rank,
                        .elsewhere = may_leave_host(launcher, options.place)});
  record.started_at = utc_now();
  return record;
}

// A batch system that ends a job ends its ranks and this process, in any order: who is later is no
// witness of a crash.
bool job_is_ending(const ProcessResult& result, const LaunchPlace& place) {
  constexpr std::chrono::milliseconds kBetweenBoth(2000);
  const bool is_in_job = place.in_slurm || place.hosts.origin == HostsOrigin::kAllocation;
  const bool ended_itself = result.exit_code == 0 && result.signal == 0;
  if (!is_in_job || ended_itself || result.timed_out || result.given_up) return false;
  return interrupted_within(kBetweenBoth);
}

// Whether ranks ran on other hosts than this one, or as long as they do not say may have.
bool ran_elsewhere(const record::CellRecord& record, const RunCellOptions& options) {
  const auto launcher = parse_name<Launcher>(record.environment.at("launcher"), "launcher");
  if (!may_leave_host(launcher, options.place)) return false;
  return record::fact(record.environment, "hosts") != options.machine.host;
}

void finish_record(const config::CellConfig& cell, const fs::path& folder,
                   const merge::Outcome& outcome, record::CellRecord& record) {
  if (!cell.engine.is_builtin()) {
    merge::merge_trainer(cell, read_engine_log(cell, folder, record.environment), outcome, record);
    return;
  }
  std::string complaint;
  const merge::RankResults ranks = merge::read_ranks(folder, cell.processes(), complaint);
  merge::merge(cell, ranks, outcome, record);
  if (!complaint.empty()) record.message += "; " + complaint;
  for (std::string& warning : machine::build_warnings(record.environment)) {
    record.warnings.push_back(std::move(warning));
  }
}

}  // namespace

std::string program_hash(const config::CellConfig& cell, const fs::path& worker) {
  return cell.engine.is_builtin() ? worker_hash(worker) : engine_hash(cell.engine);
}

fs::path find_programs(const std::vector<config::CellConfig>& cells) {
  bool needs_worker = false;
  for (const config::CellConfig& cell : cells) {
    if (cell.engine.is_builtin()) {
      needs_worker = true;
    } else {
      check_engine(cell.engine);
    }
  }
  return needs_worker ? find_worker() : fs::path();
}

std::vector<record::ScenarioPlace> scenario_places(const config::CellConfig& cell) {
  std::vector<record::ScenarioPlace> places;
  for (const std::string& name : cell.scenarios) {
    places.push_back({name, ""});
    if (!cell.file) continue;
    places.back().file = cell.file->path;
    const auto baseline = cell.file->baselines.find(name);
    if (baseline != cell.file->baselines.end()) places.back().baseline = baseline->second;
  }
  return places;
}

fs::path repetition_folder(const fs::path& results_folder, const config::CellConfig& cell,
                           int repetition) {
  return fs::absolute(results_folder) / "cells" / cell.id() / std::to_string(repetition);
}

namespace {

// Watches a repetition from outside: what its processes and GPUs take, and whether it goes on.
class Observer {
 public:
  Observer(const config::CellConfig& cell, const fs::path& folder, const RunCellOptions& options)
      : cell_(cell),
        options_(options),
        reader_(folder / "stdout"),
        growth_(folder),
        watch_(progress_limit_s(cell), ProgressWatch::Clock::now()) {
    if (cell.device != config::Device::kCpu) gpus_.emplace();
  }

  void begin(pid_t root) {
    sampler_.emplace(root);
    packages_.emplace();
    if (gpus_) gpus_->start();
  }

  void tick() {
    if (options_.on_tick) options_.on_tick();
    if (sampler_) sampler_->tick();
    if (gpus_) gpus_->tick();
    if (packages_) packages_->tick();
    const auto now = ProgressWatch::Clock::now();
    const auto progress = cell_.engine.is_builtin() ? reader_.poll() : growth_.poll();
    if (!progress) return;
    watch_.note(*progress, now);
    if (progress->phase == "steps") telemetry_.sample_clock();
    if (packages_ && progress->phase == "steps") packages_->note_step();
    if (options_.on_progress) options_.on_progress(*progress);
  }

  // Why the repetition is to be ended; empty as long as it may go on.
  std::string complaint() const { return watch_.complaint(ProgressWatch::Clock::now()); }

  void finish(const machine::TreeUsage& usage, const fs::path& folder, record::CellRecord& record) {
    record.metrics.merge(machine_metrics(record));
    if (ran_elsewhere(record, options_)) {
      record.environment["observed"] =
          fmt::format("host '{}' alone, where the launcher ran", options_.machine.host);
    }
    if (!sampler_) return;
    record::ProcessFigures figures = sampler_->finish(usage);
    if (gpus_) gpus_->finish(figures);
    packages_->finish(record);
    record.metrics.merge(merge::process_metrics(figures));
    record.environment["process_sampling"] = describe_sampling(figures);
    write_process_figures(figures, folder / "processes.json");
  }

 private:
  // Slurm's ranks are no descendants of this process, and those of other hosts none of this host's:
  // it cannot tell them from others, or does not see what disturbs them.
  record::Metrics machine_metrics(const record::CellRecord& record) const {
    record::Metrics metrics = telemetry_.finish();
    // Test hosts are reached by an agent, and are this machine.
    const bool are_test_hosts = !options_.place.rsh_agent.empty() &&
                                options_.place.hosts.origin == HostsOrigin::kFile &&
                                options_.launcher.launcher != Launcher::kEnv;
    const bool are_seen = are_test_hosts || !ran_elsewhere(record, options_);
    if (record.environment.at("launcher") == to_string(Launcher::kSlurm) || !are_seen) {
      metrics.erase("other_cores");
    }
    return metrics;
  }

  const config::CellConfig& cell_;
  const RunCellOptions& options_;
  machine::RunTelemetry telemetry_;
  ProgressReader reader_;
  OutputGrowth growth_;
  ProgressWatch watch_;
  std::optional<machine::ProcessSampler> sampler_;
  std::optional<measure::GpuProcessSampler> gpus_;
  std::optional<machine::PackageWatch> packages_;
};

}  // namespace

std::optional<record::CellRecord> run_cell(const config::CellConfig& cell, int repetition,
                                           const RunCellOptions& options) {
  const fs::path folder = repetition_folder(options.results_folder, cell, repetition);
  const EngineStart start = start_of(cell, folder, options);
  auto record = start_record(cell, repetition, start.launch.launcher, options);
  check_network(cell, options.launcher, options.place);
  if (options.links) options.links->shape_for(cell);
  make_fresh(folder);
  config::write_cell(with_encoded_text(cell, options.results_folder), folder / "cell.yaml");
  write_command(start, cell, folder);
  if (options.on_detail) {
    options.on_detail("folder: " + folder.string());
    options.on_detail("command: " + joined_shell_words(start.launch.command));
  }

  Observer observer(cell, folder, options);
  std::string complaint;
  ProcessOptions process = process_options(start.launch, cell, folder);
  process.slowdown = options.slowdown;
  process.on_start = [&](pid_t root) { observer.begin(root); };
  process.on_tick = [&] { observer.tick(); };
  process.should_end = [&] {
    complaint = observer.complaint();
    return !complaint.empty();
  };
  const std::int64_t kills_before = machine::count_memory_kills();
  const ProcessResult result = run_process(process);
  if (result.interrupted || job_is_ending(result, options.place)) return std::nullopt;
  if (result.timed_out) {
    complaint = fmt::format("ended after the time limit of {:g} s", cell.time_limit_s);
  }
  const Transports transports = read_transports(folder);
  const bool had_memory_kill = machine::count_memory_kills() > kills_before;
  merge::Outcome outcome = to_outcome(result, had_memory_kill, complaint, folder);
  if (cell.engine.is_builtin()) {
    outcome.started = record::read_traces(folder, cell.processes());
    outcome.is_rank = start.launch.launcher == Launcher::kDirect;
  }
  finish_record(cell, folder, outcome, record);
  state_transport(cell, transports, record);
  observer.finish(result.usage, folder, record);
  if (result.num_outlived > 0) {
    record.warnings.push_back(
        fmt::format("{} processes outlived the launcher and were ended", result.num_outlived));
  }
  return record;
}

}  // namespace moebench::launch
