#pragma once

#include <string>
#include <vector>

namespace moebench::launch {

// Says where the ranks of a run will be.
struct Hosts {
  int count = 1;                // 0: something names hosts, but cannot be read
  bool is_this_host = true;     // the only one is the one that this process runs on
  std::string source = "none";  // what says so: an environment variable or a launcher's option

  bool all_here() const { return count == 1 && is_this_host; }
};

// Returns what the first of these says: --hostfile, --host and the like among the launcher's
// arguments, the environment that Slurm, LSF, PBS or Grid Engine give their jobs, Open MPI's
// default hostfile. Without any of them it is this host.
Hosts read_hosts(const std::vector<std::string>& launcher_arguments);

}  // namespace moebench::launch
