#pragma once

#include <string>

namespace moebench {

// This host's name, as Slurm calls the node, which may be one of several on a machine, else as the
// kernel has it; "" where neither tells.
std::string host_name();

}  // namespace moebench
