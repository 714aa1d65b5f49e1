#pragma once

#include "reports/write/cells.h"
#include "reports/write/document.h"

namespace moebench::reports {

// Tells whether the scenario's cells are microbenchmarks, which train nothing: imported from Google
// Benchmark.
bool is_benchmarks(const ScenarioCells& scenario);

// Adds their table: times in the unit that fits the shortest, rates, and counters of their own.
void add_benchmarks(Document& document, const ScenarioCells& scenario);

// What other harnesses tell of a training run and moebench's own does not measure so; empty where
// no cell is such.
Table imported_table(const ScenarioCells& scenario);

}  // namespace moebench::reports
