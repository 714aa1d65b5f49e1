#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/write/cells.h"

namespace moebench::reports {

using AxisValues = std::vector<std::pair<std::string, std::string>>;

// The reference of a cell: the cell of its scenario that has the baseline's axis values and equals
// it in all other axes but degrees. Where several remain, the one with the cell's own degrees.
class Reference {
 public:
  // `asked` are the baseline's axis values. Where it is empty or no cell has them, the scenario's
  // own baseline counts, and where it names none, one is found: of the axes in which the cells
  // differ most plainly (parallelism and expert kernel, else the first that varies) the values fsdp
  // and loop, else those that come first.
  explicit Reference(const ScenarioCells& scenario, const AxisValues& asked = {});

  bool named_by(const Cell& cell) const;  // the cell has the baseline's axis values

  // Returns the reference of each cell of the scenario; null where there is none or more than one.
  std::vector<const Cell*> of_cells(const ScenarioCells& scenario) const;

  // "parallelism=fsdp, expert_kernel=loop"
  std::string text() const;
  const AxisValues& axes() const { return axes_; }

 private:
  AxisValues other_axes(const Cell& cell) const;

  AxisValues axes_;
};

// Error where no cell of any scenario has these axis values; it lists the axes and values that
// there are.
void check_baseline(const std::vector<ScenarioCells>& scenarios, const AxisValues& axes);

// Change of a metric against the reference. Both nullopt where one of the cells failed or has no
// such value: no improvement is ever stated for or against those.
// value / reference - 1: -0.17 is 17 % less.
std::optional<double> relative_change(const Cell& cell, const Cell* reference, const char* metric);
// value / reference.
std::optional<double> ratio(const Cell& cell, const Cell* reference, const char* metric);

}  // namespace moebench::reports
