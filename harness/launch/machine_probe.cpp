#include "harness/launch/machine_probe.h"

#include <string>

#include "harness/base/error.h"
#include "harness/base/temporary_folder.h"
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

// All ranks' results, or an Error that says what the first failed one said.
std::vector<RankResult> checked(const merge::RankResults& ranks, const ProcessResult& process,
                                const std::string& complaint, const std::string& stderr_tail) {
  std::vector<RankResult> results;
  std::string problem = process.timed_out ? fmt::format("no end after {:g} s", kTimeLimitS) : "";
  for (const auto& rank : ranks) {
    if (rank && rank->disposition == record::Disposition::kOk) {
      results.push_back(*rank);
    } else if (rank && problem.empty()) {
      problem = fmt::format("rank {}: {}", rank->rank, rank->message);
    }
  }
  if (results.size() == ranks.size()) return results;
  if (problem.empty()) problem = complaint.empty() ? "a rank left no result" : complaint;
  throw Error("the probe of the machine failed: {}; its last words:\n{}", problem, stderr_tail);
}

}  // namespace

std::optional<std::vector<RankResult>> run_probe(const ProbeRequest& request) {
  const TemporaryFolder folder("moebench-probe");
  const LaunchCommand launch =
      make_launch_command({.command = worker_command(request, folder.path()),
                           .ranks = request.ranks,
                           .threads_per_rank = request.threads_per_rank,
                           .choice = request.launcher},
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
  return checked(ranks, result, complaint, merge::last_lines(process.stderr_path));
}

}  // namespace moebench::launch
