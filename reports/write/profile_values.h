#pragma once

#include <array>
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

// A metric of the cell, 0 where it has none.
double value(const Cell& cell, const std::string& metric);

// Largest own time first; empty where operations were not profiled.
std::vector<OperationRow> operation_rows(const Cell& cell);

// A kernel or copy of the GPUs, by the phase that launched it: of one step, mean over the ranks.
struct ActivityRow {
  std::string phase;
  std::string name;
  double calls = 0;
  double time_ns = 0;
};

// Largest time first; empty where GPUs were not traced.
std::vector<ActivityRow> activity_rows(const Cell& cell);

// Collectives of one kind with messages up to a size: of one step, mean over the ranks.
struct CollectiveRow {
  std::string kind;
  std::string size;  // "32KiB"
  double calls = 0;
  double bytes = 0;
  double wire_bytes = 0;
  double bus_bytes = 0;
  double wait_ns = 0;
  double transfer_ns = 0;
};

// By kind, the smallest messages first; empty where the cell was not profiled.
std::vector<CollectiveRow> collective_rows(const Cell& cell);

// What memory is told apart by.
inline constexpr std::array kMemoryKinds = {"parameters",     "gathered",  "gradients",
                                            "full_gradients", "optimizer", "activations",
                                            "dispatch"};

// What was alive when most was, on the rank that needs most; no phase where it was not measured.
struct MemoryPeak {
  std::string phase;
  std::vector<std::pair<std::string, double>> kinds;  // bytes above 0
};
MemoryPeak memory_peak(const Cell& cell);

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
