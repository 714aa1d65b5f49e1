#include "tools/moebench/given_command.h"

#include <iostream>

#include "harness/base/error.h"
#include "harness/outer/run_as_rank.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/failure.h"

namespace moebench::cli {
namespace {

int run(const SuiteCommand& command) { return run_command(command); }

template <typename Options>
int run_as_rank(Options options) {
  if (!options.launcher.hosts.empty()) {
    throw Error(
        "--launcher env runs on the hosts of the outer launcher's ranks; leave --hosts {} "
        "out",
        options.launcher.hosts);
  }
  return outer::run_as_rank(
      {.drive =
           [&](const std::filesystem::path& hosts_file) {
             options.launcher.hosts = hosts_file;
             return run_command(options);
           },
       .explain =
           [](const std::exception_ptr& failure) { return explain_failure(failure, std::cerr); }});
}

template <typename Options>
int run(const Options& options) {
  if constexpr (requires { options.launcher.name; }) {
    if (options.launcher.name == to_string(launch::Launcher::kEnv)) return run_as_rank(options);
  }
  return run_command(options);
}

int run(const GateCommand& command) {
  return std::visit([](const auto& options) { return run(options); }, command);
}

}  // namespace

int run_given(const Command& command) {
  return std::visit([](const auto& options) { return run(options); }, command);
}

}  // namespace moebench::cli
