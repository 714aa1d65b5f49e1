#pragma once

#include <cstddef>

#include "reports/write/cells.h"
#include "reports/write/document.h"

namespace moebench::reports {

// The operations that take most, over all profiled cells: which, in which phase, what share of the
// cell's profiled steps. Nothing where operations were not profiled.
void add_hotspots(Document& document, const ScenarioCells& scenario, std::size_t top);

// Adds what only moves data (copies, concatenations, row gathers), with bytes, rate and the rate of
// a plain copy on the same machine.
void add_movement(Document& document, const ScenarioCells& scenario);

}  // namespace moebench::reports
