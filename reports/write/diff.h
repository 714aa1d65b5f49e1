#pragma once

#include <cstddef>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/document.h"
#include "reports/write/improvements.h"

namespace moebench::reports {

struct DiffOptions {
  AxisValues from{};     // what the cells have that are compared with
  AxisValues to{};       // what those have that are compared
  std::size_t top = 15;  // rows of a table; the others are in one row below
};

// Shows pairs of cells that equal each other in all axes but those named and degrees, side by side:
// headline metrics, phases, operations, collectives, GPU kernels and memory, the largest
// difference first. Times are those of a step, means over ranks; what is at the bottom is the sum,
// so that the differences above add up to that of the step. Error where no such pair of ok cells
// is there.
Document diff_document(std::vector<record::CellRecord> records, const DiffOptions& options);

}  // namespace moebench::reports
