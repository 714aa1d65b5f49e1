#pragma once

#include <map>
#include <string>

#include "harness/config/cell.h"
#include "harness/record/record.h"
#include "reports/compare/disturbance.h"

namespace moebench::session {

// The GEMM rates that a session has measured. A rate is the machine's, at so many ranks and threads
// at once, and not the cell's, and measuring it takes longer than the steps of a small cell: so one
// repetition measures it, and those after it take it over until the machine's telemetry shows
// another state than beside the measurement.
class KnownGemmRates {
 public:
  explicit KnownGemmRates(compare::DisturbanceRules rules) : rules_(rules) {}

  // Whether a repetition of the cell need not measure its own.
  bool has(const config::CellConfig& cell) const;

  // Takes what a repetition measured, or gives the record of one that did not what is known, and
  // says so in its environment: `gemm_rate_of`, the measurement, and `gemm_rate_since`, what has
  // changed since, where something has. Then the next repetition measures anew. A record whose
  // ranks turn out to have run under other conditions (another host) is given none.
  void settle(const config::CellConfig& cell, record::CellRecord& record);

 private:
  compare::DisturbanceRules rules_;
  std::map<std::string, record::CellRecord> measured_;  // by what the ranks have in common
};

}  // namespace moebench::session
