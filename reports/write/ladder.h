#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/table.h"

namespace moebench::reports {

// A cell against the one before it, and the axis in which they differ.
struct Rung {
  std::string change;  // "gathers 3 → 2", "parallelism fsdp → ep, ep_degree 1 → 2"
  const Cell* before;
  const Cell* after;
};

// The rungs where the cells form a ladder: at least three cells, each differs from the one before
// in exactly one axis, and no axis changes twice. parallelism and ep_degree count as one axis.
// Empty otherwise. `scenario` must outlive them.
std::vector<Rung> ladder_of(const ScenarioCells& scenario);

// What each rung contributes to runtime and memory, and all of them together; empty where there is
// no ladder. A rung at a failed cell shows no numbers.
Table ladder_table(const ScenarioCells& scenario);

}  // namespace moebench::reports
