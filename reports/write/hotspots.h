#pragma once

#include <string>

#include "reports/write/cells.h"

namespace moebench::reports {

// The operations that take most, over all profiled cells: which, in which phase, what share of the
// cell's profiled steps. "" where operations were not profiled.
std::string hotspots_section(const ScenarioCells& scenario, std::size_t top);

// What only moves data (copies, concatenations, row gathers), with bytes, rate and the rate of a
// plain copy on the same machine.
std::string movement_section(const ScenarioCells& scenario);

}  // namespace moebench::reports
