#pragma once

#include <exception>
#include <filesystem>
#include <functional>

namespace moebench::outer {

// What rank 0 does.
struct Driving {
  // Runs the user's command, whose ranks are to be placed on the hosts of this file (hosts_file.h):
  // beside it lies the `agent` that starts commands there, where there are others than this one.
  std::function<int(const std::filesystem::path& hosts_file)> drive;
  // Says why something has failed; the exit code.
  std::function<int(const std::exception_ptr&)> explain;
};

// Makes of the processes that an outer launcher has started, of which this is one, a driver and
// those that wait for it: rank 0 drives, the others start what it asks for on their hosts
// (agent.h). All return its exit code. Takes away from this process's environment what is of the
// outer launcher (names_to_hide). Error where the environment is wrong (read_rank_contract), and
// what agent.h has.
int run_as_rank(const Driving& driving);

}  // namespace moebench::outer
