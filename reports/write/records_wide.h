#pragma once

#include <vector>

#include "harness/record/record.h"
#include "reports/write/document.h"

namespace moebench::reports {

// One table with a row for each repetition of each scenario that it is of: scenario, id, axes,
// repetition, disposition, message, and the headline of every metric that any record has, in the
// catalogue's order, then by name; then what imported records' files say besides.
Document records_wide_document(const std::vector<record::CellRecord>& records);

}  // namespace moebench::reports
