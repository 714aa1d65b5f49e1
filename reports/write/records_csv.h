#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace moebench::reports {

// Long form: a row per headline value (empty rank) and per rank's value of every metric of every
// record; a record without metrics still has one row. Columns: scenario, id, the axes of all
// records, repetition, disposition, metric, unit, value, rank. Every field is quoted.
std::string records_csv(const std::vector<record::CellRecord>& records);

}  // namespace moebench::reports
