#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/write/cells.h"

namespace moebench::reports {

using AxisValues = std::vector<std::pair<std::string, std::string>>;

// The reference of a cell: the cell of its scenario that has the given axis values and equals it in
// all other axes but degrees. Where several remain, the one with the cell's own degrees.
class Reference {
 public:
  // `axes` empty: parallelism=fsdp, expert_kernel=loop, or with any kernel where no cell has both.
  // Otherwise Error where no cell of any
  // scenario has these values; it lists the axes and values that there are.
  Reference(const std::vector<ScenarioCells>& scenarios, const AxisValues& axes);

  bool named_by(const Cell& cell) const;  // the cell has the given axis values
  bool exists_in(const ScenarioCells& scenario) const;

  // Returns the reference of each cell of the scenario; null where there is none or more than one.
  std::vector<const Cell*> of_cells(const ScenarioCells& scenario) const;

  // "parallelism=fsdp, expert_kernel=loop"
  std::string text() const;

 private:
  AxisValues other_axes(const Cell& cell) const;

  AxisValues axes_;
};

// Change of a metric against the reference. Both nullopt where one of the cells failed or has no
// such value: no improvement is ever stated for or against those.
// value / reference - 1: -0.17 is 17 % less.
std::optional<double> relative_change(const Cell& cell, const Cell* reference, const char* metric);
// value / reference.
std::optional<double> ratio(const Cell& cell, const Cell* reference, const char* metric);

}  // namespace moebench::reports
