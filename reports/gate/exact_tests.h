#pragma once

#include <vector>

#include "reports/gate/gate.h"

namespace moebench::gate {

// Metrics that one run tells: memory, tokens, bytes loaded, loss. `base` and `candidate` hold ok
// records of one cell, the median over each counts. A metric that neither side measured is left
// out, one that the candidate alone lacks is missing. Loss and tokens are compared where both sides
// do the same work (CellRecord::workload).
std::vector<MetricTest> exact_tests(const std::vector<const record::CellRecord*>& base,
                                    const std::vector<const record::CellRecord*>& candidate);

}  // namespace moebench::gate
