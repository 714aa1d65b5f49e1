#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/names.h"
#include "reports/write/document.h"

namespace moebench::gate {

// Says how a run's logarithm scatters: normally; or as Student's t with 4 degrees of freedom, in
// which one run in a hundred is four standard deviations and more off.
enum class RunNoise { kNormal, kHeavyTailed };
constexpr auto names_of(RunNoise) {
  return name_table<RunNoise>({{RunNoise::kNormal, "normal"}, {RunNoise::kHeavyTailed, "heavy"}});
}

// Matrices whose truth is known, sent through judge(). A cell's noise is `run_noise` x
// exp(N(0, 0.3)), and both runs of a pair share an effect of 2 %.
struct SimulatedCase {
  int cells = 24;
  double run_noise = 0.01;       // standard deviation of a run's logarithm
  std::vector<int> looks = {6};  // as record::Session's: a session ends where more decides nothing
  int extensions = 0;            // after these, as often as it is still INCONCLUSIVE
  int calibration_pairs = 6;     // of each cell; 0: there is no calibration
  RunNoise noise = RunNoise::kNormal;
  double slowdown = 0.05;        // of one cell, or of all
  bool in_all_cells = false;     // and then found by the geometric mean
  double calibration_noise = 1;  // times the session's
  double drift = 0;              // of the machine over the session, by which later runs are slower
};

struct SimulatedResult {
  int matrices = 0;
  int false_alarms = 0;        // A/A matrices with any REGRESSED
  int false_improvements = 0;  // A/A matrices with any IMPROVED
  int found = 0;               // matrices in which what is slower is REGRESSED
  int passed = 0;              // A/A matrices in which every cell is PASS
};

// `matrices` A/A matrices, and as many that are slower; the same seed gives the same result.
SimulatedResult simulate(const SimulatedCase& simulated, int matrices, std::uint64_t seed);

// The published cases: the bounds hold for each (`moebench selftest --simulate`).
struct PromisedCase {
  SimulatedCase simulated;
  double max_false_alarms = 0.01;     // and false improvements
  std::optional<double> min_found{};  // nullopt: nothing is promised of slowdowns
};
std::vector<PromisedCase> promised_cases();

// Says what a count over so many matrices tells of a share. Both limits of its two-sided 95 %
// interval are Wilson's (1927), which hold for shares near 0 and 1 too.
struct ShareInterval {
  double share = 0;
  double lower = 0;
  double upper = 1;
};
ShareInterval share_interval(int count, int of);

// kKept: the whole interval lies on the promise's good side; kBroken: on the other.
enum class Promise { kKept, kUndecided, kBroken };
constexpr auto names_of(Promise) {
  return name_table<Promise>(
      {{Promise::kKept, "kept"}, {Promise::kUndecided, "undecided"}, {Promise::kBroken, "broken"}});
}
Promise check_promise(const PromisedCase& promised, const SimulatedResult& result);

// Shows what is simulated, what chance leaves open of it, and tables with a row a case: false
// alarms and false improvements of all, slowdowns found.
reports::Document simulation_document(const std::vector<PromisedCase>& cases,
                                      const std::vector<SimulatedResult>& results);

}  // namespace moebench::gate
