#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/comparison.h"

namespace moebench::reports {

// The list below a comparison's table: failed cells, references that are missing, rounds that do
// not count, warnings (each once), and the cells that would tell more.
std::vector<std::string> findings_of(const Comparison& of);

// What was measured under which conditions, and what the columns mean.
std::vector<std::string> conditions_of(const Comparison& of);

// Lists failed cells, warnings, environment, and these lines on what the columns mean.
std::vector<std::string> notes_of(const ScenarioCells& scenario,
                                  const std::vector<std::string>& definitions);

}  // namespace moebench::reports
