#pragma once

#include <vector>

#include "harness/record/record.h"

namespace moebench::reports {

// Largest relative difference between arms that compute the same: fp32 1e-5 in loss and 1e-4 in
// gradient norm, bf16 5e-4 and 1e-2, wider with fewer than 2048 loss tokens a step (350 tokens of
// mixtral-small: 1.3e-4 and 1.5e-2, where fp32 gives 0 and 0). Measured on mixtral-tiny over 100
// steps: fp32 5e-9 and 5e-8, bf16 3e-4 and 3e-3. Two experts swapped in one layer of a fresh
// mixtral-tiny give 9e-4 and 4e-3 in fp32, 6e-4 and 7e-3 in bf16.
struct AgreementBound {
  double loss;
  double grad_norm;
};
AgreementBound agreement_bound(const record::CellRecord& record);

// The records, with each ok one `incorrect` whose losses or gradient norms over the measured steps
// are not those of the other arms of its scenario that do the same work (CellRecord::workload).
// The arm that agrees with most arms is right; among equals the one of parallelism fsdp and expert
// kernel loop, then the first.
std::vector<record::CellRecord> check_agreement(std::vector<record::CellRecord> records);

}  // namespace moebench::reports
