#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"

namespace moebench::reports {

// "ep 2 · grouped · seq_len 64": the axes joined into one short label, degrees with their
// parallelism, values without their axis where they say what they are. "" where there is no axis.
std::string label_of(const Cell& cell, const std::vector<std::string>& axes);

}  // namespace moebench::reports
