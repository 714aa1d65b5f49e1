#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/record/record.h"

namespace moebench::reports {

// Long form: a row per headline value (empty rank) and per rank's value of every metric of every
// record; a record without metrics still has one row. Columns: scenario, id, the axes of all
// records, repetition, disposition, metric, unit, value, rank. Every field is quoted.
// Where a record is an excerpt the whole of it is written, read when its turn comes.
std::string records_csv(const std::vector<record::CellRecord>& records);
// Hands the same over in pieces.
void write_records_csv(const std::vector<record::CellRecord>& records,
                       const std::function<void(std::string_view)>& write);

}  // namespace moebench::reports
