#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/improvements.h"
#include "reports/write/table.h"

namespace moebench::reports {

// A cell against the one before it, and the axis in which they differ.
struct Rung {
  std::string change;  // "gathers 3 → 2", "parallelism fsdp → ep, ep_degree 1 → 2"
  const Cell* before;
  const Cell* after;
};

// The rungs where the cells form a ladder: at least three cells, which in one order differ each
// from the one before in exactly one axis, and no axis changes twice. parallelism and its
// degrees count as one axis. Empty otherwise. The order is not that of the records, since repeated
// cells run in random order; of its two ends the one that the reference names is the start, else
// the one that ran first. `scenario` must outlive the rungs.
std::vector<Rung> ladder_of(const ScenarioCells& scenario, const Reference& reference);

// The axis values that name the cell in which the ladder begins. There must be rungs.
AxisValues start_of(const std::vector<Rung>& rungs, const ScenarioCells& scenario);

// Shows what each rung contributes to runtime and memory, and all of them together; empty where
// there is no ladder. A rung at a failed cell shows no numbers.
Table ladder_table(const ScenarioCells& scenario, const Reference& reference);

}  // namespace moebench::reports
