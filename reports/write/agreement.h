#pragma once

#include <vector>

#include "harness/record/record.h"

namespace moebench::reports {

// The records, with each ok one `incorrect` that does not compute what the other arms of its
// scenario compute which do the same work (CellRecord::workload, record::disagreement). The arm
// that agrees with most arms is right; among equals the one of parallelism fsdp and expert kernel
// loop, then the first.
std::vector<record::CellRecord> check_agreement(std::vector<record::CellRecord> records);

}  // namespace moebench::reports
