#pragma once

#include <string>

#include "reports/write/cells.h"

namespace moebench::reports {

// The kernels and copies that take most of their GPUs' time, over all cells: which, launched in
// which phase, what share of the cell's traced steps. "" where no GPU was traced.
std::string gpu_hotspots_section(const ScenarioCells& scenario, std::size_t top);

// What a cell's GPUs did in a step: busy, idle and communicating; by phase, by kernel, by copy. ""
// where no GPU was traced.
std::string gpu_section(const Cell& cell, std::size_t top);

}  // namespace moebench::reports
