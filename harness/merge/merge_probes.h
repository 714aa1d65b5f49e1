#pragma once

#include <vector>

#include "harness/record/record.h"

namespace moebench::merge {

// Returns what one core gives alone beside what each of the ranks gets together, and bandwidths
// from the slowest rank's times (formulas: harness/record/schema.md).
record::Metrics merge_probes(const record::RankResult& alone,
                             const std::vector<record::RankResult>& together);

}  // namespace moebench::merge
