#pragma once

#include <string>
#include <vector>

#include "reports/write/attribution.h"
#include "reports/write/gains.h"

namespace moebench::reports {

// What a scenario's cells say, in a few computed sentences: which arm is fastest and what it needs,
// how much of that is the kernel's and the parallelism's, whether all arms compute the same, and
// what would tell where nothing is told. Never empty.
std::vector<std::string> answer_of(const ScenarioCells& scenario, const Reference& reference,
                                   const Gains& gains,
                                   const std::vector<Attribution>& attributions);

}  // namespace moebench::reports
