#pragma once

#include <chrono>
#include <cstdint>

#include "harness/machine/cost_budget.h"
#include "harness/machine/machine_load.h"
#include "harness/record/record.h"

namespace moebench::machine {

// Observes what the machine does beside a run, from construction to finish(); the metrics' meaning
// is in harness/record/schema.md. It reads what Linux tells of itself, never what the run measured.
class RunTelemetry {
 public:
  RunTelemetry();
  // Adds a reading of the cores' clock; while the ranks are at their steps. Does nothing as long as
  // the readings would cost more than a thousandth of a core, since that core may be a rank's.
  void sample_clock();
  // Once the run's processes have ended and were waited for.
  record::Metrics finish() const;

 private:
  std::chrono::steady_clock::time_point start_;
  CoreTimes cores_;
  double own_cpu_s_ = 0;  // this process and its ended descendants
  std::int64_t swap_used_bytes_ = 0;
  CostBudget clock_budget_{0.001};
  double clock_cost_s_ = 0;  // of the last reading
  double clock_sum_hz_ = 0;
  int num_clocks_ = 0;
};

}  // namespace moebench::machine
