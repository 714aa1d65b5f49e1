#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"

namespace moebench::reports {

// Whether the scenario's cells measure how weights are loaded (environment "measure").
bool is_loading(const ScenarioCells& scenario);

// The section of such a scenario: how long each load took, against the cell of loader concat with
// otherwise the same axes; where the time went; notes.
std::string loading_section(const ScenarioCells& scenario);

// Tables in the order of Python's pstats (ncalls tottime percall cumtime percall name) of the
// functions that fms-acceleration's load profile names, one for each ok cell.
std::string load_profiles(const ScenarioCells& scenario);

}  // namespace moebench::reports
