#pragma once

#include <string>
#include <vector>

#include "harness/merge/merge.h"

namespace moebench::merge {

// Says what disturbed the ranks' GPUs, in one sentence for ranks with the same trouble: throttling,
// other processes, and GPUs that could not be watched for either.
std::vector<std::string> gpu_warnings(const RankResults& ranks);

}  // namespace moebench::merge
