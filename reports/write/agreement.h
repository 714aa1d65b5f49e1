#pragma once

#include <vector>

#include "harness/record/record.h"

namespace moebench::reports {

// The records, with each ok one `incorrect` that does not compute what the other arms of its
// scenario compute which do the same work (CellRecord::workload, record::disagreement), and
// of its results folder: different programs may compute different things. The arm
// that agrees with most arms is right; among equals the one of parallelism fsdp and expert kernel
// loop, then the first. Of more than 64 records that do the same work as many are tried, evenly
// spread over them, so that the work grows with their number.
std::vector<record::CellRecord> check_agreement(std::vector<record::CellRecord> records);

}  // namespace moebench::reports
