#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/improvements.h"

namespace moebench::reports {

// A section a scenario: constant axes, the comparison, "Tokens and time" of the ok cells, notes.
std::string to_markdown(const std::vector<ScenarioCells>& scenarios, const Baseline& baseline);

}  // namespace moebench::reports
