#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/write/cells.h"

namespace moebench::reports {

// Says what one operation came to in one phase, in all profiled steps of all ranks; times are in
// ns. The phase itself, without any operation, is the function "".
struct OperationRow {
  std::string phase;
  std::string function;
  double calls = 0;
  double primitive_calls = 0;
  double own_ns = 0;
  double cumulative_ns = 0;
  std::size_t slowest_rank = 0;  // by own time
  double slowest_rank_own_ns = 0;
};

// Largest own time first; empty where operations were not profiled.
std::vector<OperationRow> operation_rows(const Cell& cell);

// Time of the steps in which operations were profiled, sum over steps and ranks.
std::optional<double> operations_wall_ns(const Cell& cell);

// Names of the metrics that begin with the prefix, without it, of the cell's first repetition.
std::vector<std::string> names_after(const Cell& cell, const std::string& prefix);

bool is_profiled(const Cell& cell);

// Names a cell by its varying axes, or by the scenario where it is the only one.
std::string name_in(const ScenarioCells& scenario, const Cell& cell);

// Returns the per-rank values of a metric of the first repetition; empty where a rank has none.
std::vector<double> rank_values(const Cell& cell, const std::string& metric);

}  // namespace moebench::reports
