#pragma once

#include <string>
#include <vector>

#include "harness/launch/launcher.h"

namespace moebench::launch {

// Error, with both numbers and the remedy, where ranks are to be placed on more hosts than there
// are, or more of them on one than it has slots for; and where --hosts is given to srun.
void check_placement(const LaunchRequest& request, Launcher launcher, const LaunchPlace& place);

// The words of mpirun that say which ranks run where, on which cores, and how they reach each
// other. Nothing that only one host has is asked for where ranks may be on several.
std::vector<std::string> mpirun_placement(const LaunchRequest& request, const LaunchPlace& place);

// The words of srun for the same: nodes, tasks and GPUs a node, cores.
std::vector<std::string> srun_placement(const LaunchRequest& request);

// The host of rank 0, by name or address, where that is known before the start; else empty.
std::string first_host(const LaunchRequest& request, const LaunchPlace& place);

// The hosts and the ranks on each, as far as they are known before the start: "a:2,b:2",
// "2 nodes x 4 ranks"; empty where the launcher chooses.
std::string placement_text(const LaunchRequest& request, const LaunchPlace& place);

}  // namespace moebench::launch
