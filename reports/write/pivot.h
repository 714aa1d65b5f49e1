#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/document.h"

namespace moebench::reports {

struct PivotOptions {
  std::vector<std::string> rows{};     // axes; empty: all that vary and are not among the columns
  std::vector<std::string> columns{};  // axes; empty: one column
  std::vector<std::string> values{};   // metrics, a table each; empty: the report's first columns
};

// A table a scenario and metric: a row for each combination of the row axes' values that cells
// have, a column for each of the column axes', in it the cell's typical repetition and, where cells
// are repeated, how far the repetition farthest away is. The last row has geometric means over the
// rows that have a number in every column. Error where an axis or a metric is unknown, which lists
// those that there are, and where several cells fall on one place, which names the axes to add.
Document pivot_document(std::vector<record::CellRecord> records, const PivotOptions& options);

}  // namespace moebench::reports
