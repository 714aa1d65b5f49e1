#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::session {

// Which part of the cells a run has, where several share them: `index`, from 0, of `count` groups.
struct Group {
  int index = 0;
  int count = 1;
};

// "2/8". Error where it is no such thing; `option` names it there.
Group parse_group(const std::string& text, const std::string& option);

// Parts cells into `count` groups of neighbours. What is compared (comparisons.h) stays in one
// group, so that its arms run on the same nodes; the same cells in the same order are parted alike.
// Without a count each comparison is a group, or where there are more than kMostGroups so many.
// Error where the count is above that of the comparisons.
inline constexpr int kMostGroups = 1000;  // as Slurm's arrays hold where nobody raised it
std::vector<std::vector<config::CellConfig>> part_cells(
    const std::vector<config::CellConfig>& cells, std::optional<int> count = std::nullopt);

// The cells of one of them.
std::vector<config::CellConfig> cells_of(const Group& group,
                                         const std::vector<config::CellConfig>& cells);

}  // namespace moebench::session
