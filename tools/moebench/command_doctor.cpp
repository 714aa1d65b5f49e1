#include <fmt/core.h>

#include <iostream>

#include "harness/base/system_error.h"
#include "harness/launch/machine_probe.h"
#include "harness/launch/process.h"
#include "harness/launch/worker.h"
#include "harness/machine/machine_load.h"
#include "harness/merge/merge_probes.h"
#include "reports/figures/figures.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

constexpr double kWatchS = 1;

// Returns what the rank says of itself; the driver adds what it read before the ranks were at work.
record::Environment environment_of(const machine::MachineFacts& facts,
                                   const launch::ProbeRequest& request,
                                   const record::RankResult& rank) {
  record::Environment environment = rank.environment;
  environment.merge(machine::to_environment(facts));
  environment["world_size"] = std::to_string(request.ranks);
  environment["threads_per_rank"] = std::to_string(request.threads_per_rank);
  return environment;
}

launch::ProbeRequest request_of(const DoctorArguments& options) {
  launch::ProbeRequest request;
  request.worker = launch::find_worker();
  request.ranks = options.ranks;
  request.threads_per_rank = options.threads;
  request.quick = options.quick;
  request.launcher = options.launcher.choice();
  request.place = launch::read_launch_place(request.launcher);
  return request;
}

std::vector<std::string> find_disturbances(const launch::ProbeRequest& request,
                                           const machine::MachineFacts& facts) {
  return machine::disturbances(
      facts, machine::observe_load(kWatchS),
      {.ranks = request.ranks,
       .threads_per_rank = request.threads_per_rank,
       .elsewhere = launch::may_leave_host(request.launcher.launcher, request.place)});
}

}  // namespace

int run_command(const DoctorArguments& options) {
  const launch::ProbeRequest together = request_of(options);
  launch::ProbeRequest alone = together;
  alone.ranks = alone.threads_per_rank = 1;
  alone.launcher = {launch::Launcher::kDirect, {}};

  launch::handle_interrupts();
  record::MachineReport report;
  const machine::MachineFacts facts = machine::read_machine_facts();
  std::cerr << "watching the machine ...\n";
  report.warnings = find_disturbances(together, facts);
  std::cerr << "measuring one core ...\n";
  const auto one = launch::run_probe(alone);
  if (!one) return kExitInterrupted;
  std::cerr << fmt::format("measuring {} ranks x {} threads ...\n", options.ranks, options.threads);
  const auto all = launch::run_probe(together);
  if (!all) return kExitInterrupted;

  report.environment = environment_of(facts, together, all->front());
  for (std::string& warning : machine::build_warnings(report.environment)) {
    report.warnings.push_back(std::move(warning));
  }
  report.metrics = merge::merge_probes(one->front(), *all);
  const reports::Format format = output_format(options.format, options.figure);
  if (reports::shows_figures(format)) {
    print_document(reports::illustrated_machine(report), format, options.figure);
  } else {
    print_text(reports::write_machine_report(report, format, print_options()));
  }
  return kExitOk;
}

}  // namespace moebench::cli
