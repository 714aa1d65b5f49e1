#pragma once

#include <string>
#include <vector>

#include "harness/merge/merge.h"

namespace moebench::merge {

// Says what a worker handed over that merging cannot use: metrics that the catalogue does not know
// as a rank's, and those in another unit than the catalogue's, which are left out.
std::vector<std::string> metric_warnings(const RankResults& ranks);

}  // namespace moebench::merge
