#pragma once

#include "reports/write/cells.h"
#include "reports/write/document.h"
#include "reports/write/gemm_rates.h"
#include "reports/write/improvements.h"

namespace moebench::reports {

// Adds what a scenario that trains shows below its heading: the comparison of its cells, tables of
// the ok ones that take one number apart, notes.
void add_comparison(Document& document, const ScenarioCells& scenario, const Reference& reference,
                    const GemmRates& rates);

}  // namespace moebench::reports
