#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/config/axes.h"
#include "harness/config/cell.h"
#include "harness/config/engines.h"

namespace moebench::config {

// Axis values that are taken together: one for a plain axis, several for a zip or a framework.
using Choice = std::vector<AxisValue>;
// What the matrix multiplies.
using Dimension = std::vector<Choice>;

// Cells that match every entry (one of its values) are removed.
struct Exclusion {
  YamlValue source;
  Condition values;
};

struct Matrix {
  YamlValue source;  // the scenario, for errors
  CellConfig base;   // settings applied
  Choice defaults;
  std::vector<Dimension> dimensions;  // the first varies slowest
  std::vector<Exclusion> exclusions;
  bool is_overridden = false;                        // by the command line
  Engines engines = {};                              // of the file
  std::map<std::string, YamlValue> parameters = {};  // of the scenario, with their places
  Choice resume_as = {};                             // becomes every cell's resumed_as
};

// An axis or a parameter as a dimension: one value, or a list of values that differ.
Dimension read_dimension(const std::string& axis, const YamlValue& list,
                         const AxisContext& context);

// The product of the dimensions' sizes: cells before `exclusions`. The largest number where it is
// more than that.
std::int64_t count_combinations(const Matrix& matrix);

// All cells in order, validated. Error where an exclusion matches nothing, where nothing is left,
// where a cell cannot be, where no engine uses a parameter, or where two cells are the same. Cells
// that differ in parameters alone which their engine does not use are one. Where the matrix is
// overridden, an exclusion may match nothing and cells that became the same are merged.
std::vector<CellConfig> expand(const Matrix& matrix);

}  // namespace moebench::config
