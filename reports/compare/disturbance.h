#pragma once

#include <string>

#include "harness/record/record.h"

namespace moebench::compare {

// Says when two runs that were made one after the other are not compared: by the machine,
// the hosts and their telemetry, and never by what is compared.
struct DisturbanceRules {
  double busy_cores = 0.25;  // others' cores beside one run above those beside the other
  double swap_bytes = 16 << 20;
  double clock_drop = 0.1;  // of one run's clock below the other's
};

// The first rule that the two break, as a clause: "other processes took 0.40 cores more beside the
// base"; "" where they break none, or nothing was observed. The names are what the two are called.
std::string broken_rule(const record::CellRecord& base, const std::string& base_name,
                        const record::CellRecord& candidate, const std::string& candidate_name,
                        const DisturbanceRules& rules);

}  // namespace moebench::compare
