#pragma once

#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/improvements.h"

namespace moebench::reports {

// The axis that tells the records of several results folders apart.
inline constexpr const char* kResultsAxis = "results";

// The values of an axis, each once: by number where all are numbers, else as they first appear; ""
// for cells that do not state it.
std::vector<std::string> sorted_values(const std::vector<Cell>& cells, const std::string& axis);

// The axes in which cells of the list differ, degrees of parallelism among them.
std::vector<std::string> differing_axes(const std::vector<const Cell*>& cells);

// "ep_degree: 1, 8; micro_batch: 2": axes with the values that the records have.
std::string describe_axes(const std::vector<record::CellRecord>& records,
                          const std::vector<std::string>& axes);

// "did you mean 'runtime'? There are: ...": the end of a message about an unknown word.
std::string suggestion_and_list(const std::string& word, const std::vector<std::string>& known);

// Error where no record has an axis of these names; it suggests one, or lists those that there are.
void require_axes(const std::vector<record::CellRecord>& records,
                  const std::vector<std::string>& axes, const std::string& option);

// The records that have all these axis values. Error where there are none, or no such axis.
std::vector<record::CellRecord> with_axes(std::vector<record::CellRecord> records,
                                          const AxisValues& axes);

}  // namespace moebench::reports
