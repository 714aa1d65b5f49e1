#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reports/write/table.h"

namespace moebench::gate {

// Matrices whose truth is known, sent through judge(). A run's time is log-normal: a cell's noise
// is `run_noise` x exp(N(0, 0.3)), both runs of a pair share an effect of 2 %, and each cell has 6
// calibration pairs.
struct SimulatedCase {
  int cells = 24;
  double run_noise = 0.01;
  int pairs = 6;
  double slowdown = 0.05;        // of one cell, or of all
  bool in_all_cells = false;     // and then found by the geometric mean
  double calibration_noise = 1;  // times the session's
  double drift = 0;              // of the machine over the session, by which later runs are slower
};

struct SimulatedResult {
  int matrices = 0;
  int false_alarms = 0;  // A/A matrices with any REGRESSED
  int found = 0;         // matrices in which what is slower is REGRESSED
  int passed = 0;        // A/A matrices in which every cell is PASS
};

// `matrices` A/A matrices, and as many that are slower; the same seed gives the same result.
SimulatedResult simulate(const SimulatedCase& simulated, int matrices, std::uint64_t seed);

// The published cases: the bounds hold for each (`moebench selftest --simulate`).
struct PromisedCase {
  SimulatedCase simulated;
  double max_false_alarms = 0.01;
  double min_found = 0.95;
};
std::vector<PromisedCase> promised_cases();

// Whether the counts keep the promise, given that chance moves them: `sigmas` standard errors of
// the bound's own share.
bool keeps(const PromisedCase& promised, const SimulatedResult& result, double sigmas);

// A markdown table with a row a case.
reports::Table simulation_table(const std::vector<PromisedCase>& cases,
                                const std::vector<SimulatedResult>& results);

}  // namespace moebench::gate
