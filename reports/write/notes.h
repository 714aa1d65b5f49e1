#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/gemm_rates.h"
#include "reports/write/improvements.h"

namespace moebench::reports {

// The list below a scenario's tables: failed cells, references that are missing, warnings (each
// once), environment, and what the columns mean.
std::vector<std::string> notes_of(const ScenarioCells& scenario, const Reference& reference,
                                  const GemmRates& rates);

// Lists the same without references, and with these lines on what the columns mean.
std::vector<std::string> notes_of(const ScenarioCells& scenario,
                                  const std::vector<std::string>& definitions);

}  // namespace moebench::reports
