#include "harness/launch/machine_probe.h"

#include <string>

#include "harness/base/system_error.h"
#include "harness/base/temporary_folder.h"
#include "harness/launch/libraries.h"
#include "harness/launch/process.h"
#include "harness/merge/rank_files.h"

namespace moebench::launch {
namespace {

using record::RankResult;

constexpr double kTimeLimitS = 600;

std::vector<std::string> worker_command(const ProbeRequest& request,
                                        const std::filesystem::path& folder) {
  std::vector<std::string> command = {request.worker.string(),
                                      "--probe",
                                      std::to_string(request.ranks),
                                      "--threads",
                                      std::to_string(request.threads_per_rank),
                                      "--out",
                                      folder.string()};
  if (request.quick) command.emplace_back("--quick");
  return command;
}

// All ranks' results, or an Error that says why there are not.
std::vector<RankResult> checked(const merge::RankResults& ranks, const merge::Outcome& outcome,
                                const std::string& complaint) {
  const merge::Verdict verdict = merge::judge_processes(ranks, outcome);
  if (verdict.disposition != record::Disposition::kOk) {
    throw SystemError(fmt::format("the probe of the machine failed: {}{}{}", verdict.message,
                                  complaint.empty() ? "" : "; ", complaint));
  }
  std::vector<RankResult> results;
  for (const auto& rank : ranks) results.push_back(*rank);
  return results;
}

}  // namespace

std::optional<std::vector<RankResult>> run_probe(const ProbeRequest& request) {
  const TemporaryFolder folder("moebench-probe");
  const LaunchCommand launch =
      make_launch_command({.command = worker_command(request, folder.path()),
                           .ranks = request.ranks,
                           .threads_per_rank = request.threads_per_rank,
                           .choice = request.launcher,
                           .environment = library_environment(request.worker)},
                          request.place);
  ProcessOptions process;
  process.command = launch.command;
  process.environment = launch.environment;
  process.stdout_path = folder.path() / "stdout";
  process.stderr_path = folder.path() / "stderr";
  process.time_limit_s = kTimeLimitS;
  const ProcessResult result = run_process(process);
  if (result.interrupted) return std::nullopt;
  std::string complaint;
  const merge::RankResults ranks = merge::read_ranks(folder.path(), request.ranks, complaint);
  return checked(
      ranks,
      {.exit_code = result.exit_code,
       .signal = result.signal,
       .timed_out = result.timed_out ? fmt::format("no end after {:g} s", kTimeLimitS) : "",
       .stdout_text = merge::both_ends(process.stdout_path),
       .stderr_text = merge::both_ends(process.stderr_path),
       .started = record::read_traces(folder.path(), request.ranks),
       .is_rank = launch.launcher == Launcher::kDirect},
      complaint);
}

}  // namespace moebench::launch
