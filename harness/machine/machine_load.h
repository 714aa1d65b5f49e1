#pragma once

#include <string>
#include <vector>

#include "harness/machine/environment.h"

namespace moebench::machine {

// Jiffies of all cores together since the machine started, from /proc/stat.
struct CoreTimes {
  double total = 0;
  double idle = 0;
  double stolen = 0;  // that a hypervisor gave to other machines
};
CoreTimes read_core_times();

struct BusyProcess {
  std::string name;
  double cores = 0;  // that it kept busy, on average
};

// Says what keeps the machine busy while nothing of ours works. Within a container the processes of
// others are not seen, but the cores that they take are.
struct MachineLoad {
  double busy_cores = 0;
  double stolen_cores = 0;           // that a hypervisor gave to other machines
  std::vector<BusyProcess> busiest;  // those above a twentieth of a core, the busiest first
};
// Watches for `seconds`. Zeros where the system does not tell.
MachineLoad observe_load(double seconds);

// Says what would disturb a measurement of such a run, in sentences with the remedy.
std::vector<std::string> disturbances(const MachineFacts& facts, const MachineLoad& load,
                                      const Demand& demand);

}  // namespace moebench::machine
