#pragma once

#include <cstddef>

#include "reports/write/cells.h"
#include "reports/write/document.h"

namespace moebench::reports {

// The kernels and copies that take most of their GPUs' time, over all cells: which, launched in
// which phase, what share of the cell's traced steps. Nothing where no GPU was traced.
void add_gpu_hotspots(Document& document, const ScenarioCells& scenario, std::size_t top);

// Adds what a cell's GPUs did in a step: busy, idle and communicating; by phase, by kernel, by
// copy. Adds nothing where no GPU was traced.
void add_gpu(Document& document, const Cell& cell, std::size_t top);

}  // namespace moebench::reports
