#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/launch/hosts_file.h"

namespace moebench::launch {

// Who says where the ranks of a run will be.
enum class HostsOrigin {
  kNobody,      // so they are on this host
  kFile,        // the user's, --hosts
  kArguments,   // those of the launcher, which knows the hosts by itself
  kAllocation,  // a batch system
};

struct Hosts {
  int count = 1;                // 0: something names hosts, but cannot be read
  bool is_this_host = true;     // the only one is the one that this process runs on
  std::string source = "none";  // what says so: an environment variable, an option, a file
  HostsOrigin origin = HostsOrigin::kNobody;
  // In the order in which ranks fill them; empty: nobody says what they have. Slurm's have no names
  // here: it places ranks by itself, and what they have is cores.
  std::vector<HostSlots> slots = {};

  bool all_here() const { return count == 1 && is_this_host; }
};

// Returns what the first of these says: `file` (empty: none), --hostfile, --host and the like among
// the launcher's arguments, the environment that Slurm, LSF, PBS or Grid Engine give their jobs,
// Open MPI's default hostfile. Without any of them it is this host. Error where the file is wrong
// (read_hosts_file), and where the arguments name hosts beside it.
Hosts read_hosts(const std::vector<std::string>& launcher_arguments,
                 const std::filesystem::path& file = {});

}  // namespace moebench::launch
