#include "harness/outer/run_as_rank.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/host_name.h"
#include "harness/base/suite_files.h"
#include "harness/base/system_error.h"
#include "harness/base/temporary_folder.h"
#include "harness/launch/process.h"
#include "harness/launch/programs.h"
#include "harness/launch/shell_words.h"
#include "harness/outer/agent.h"
#include "harness/outer/agent_exec.h"
#include "harness/outer/rank_contract.h"
#include "harness/outer/rendezvous.h"

namespace moebench::outer {
namespace {

namespace fs = std::filesystem;

// The files that launch::read_launch_place() reads.
fs::path write_hosts(const std::vector<JoinedHost>& hosts, const RankContract& contract,
                     const fs::path& folder) {
  std::string text;
  for (const JoinedHost& host : hosts) text += fmt::format("{} slots={}\n", host.name, host.slots);
  write_file_atomically(folder / "hosts", text);
  if (hosts.size() > 1) {
    const fs::path agent = folder / "agent";
    write_file_atomically(
        agent, fmt::format("#!/bin/sh\nexec {} {} {} \"$@\"\n", launch::shell_quoted(own_program()),
                           kAgentExec, launch::shell_quoted(folder / "socket")));
    fs::permissions(agent, fs::perms::owner_all);
    if (!launch::is_program(agent)) {
      throw Error(
          "'{}' cannot be executed, as on a file system that is mounted noexec; let TMPDIR "
          "name a folder elsewhere",
          agent.string());
    }
    write_file_atomically(folder / "address", contract.address + "\n");
  }
  return folder / "hosts";
}

// For the log of the job, in which this is the only rank that says anything.
void say_who_came(const std::vector<JoinedHost>& hosts, const RankContract& contract) {
  std::cerr << fmt::format("moebench: rank 0 of {} drives ({}); slots:", contract.world_size,
                           contract.source);
  for (const JoinedHost& host : hosts) std::cerr << fmt::format(" {}:{}", host.name, host.slots);
  std::cerr << '\n';
}

// On the hosts of all ranks, once they have come.
int drive_with_all(const RankContract& contract, const Driving& driving) {
  const TemporaryFolder folder("moebench-ranks");
  Rendezvous rendezvous(contract, host_name(), folder.path() / "socket");
  int exit_code = kExitInterrupted;
  try {
    if (const auto hosts = rendezvous.wait_for_all()) {
      say_who_came(*hosts, contract);
      exit_code = driving.drive(write_hosts(*hosts, contract, folder.path()));
    }
  } catch (...) {
    exit_code = driving.explain(std::current_exception());
  }
  rendezvous.end(exit_code);
  return exit_code;
}

}  // namespace

int run_as_rank(const Driving& driving) {
  const Variables variables = read_variables();
  const RankContract contract = read_rank_contract(variables);
  for (const std::string& name : names_to_hide(variables)) ::unsetenv(name.c_str());
  launch::handle_interrupts();
  if (contract.rank > 0) return stand_by(contract, host_name());
  if (contract.world_size > 1) return drive_with_all(contract, driving);
  const TemporaryFolder folder("moebench-ranks");
  return driving.drive(write_hosts({{host_name(), contract.slots, {0}}}, contract, folder.path()));
}

}  // namespace moebench::outer
