#pragma once

#include <string>

namespace moebench {

// This host's name, as Slurm calls the node, which may be one of several on a machine, else as the
// kernel has it; "" where neither tells.
std::string host_name();

// A host's name without its domain, which mpirun leaves away.
std::string short_host_name(const std::string& host);

}  // namespace moebench
