#pragma once

#include <string>
#include <vector>

#include "reports/write/gains.h"
#include "reports/write/table.h"

namespace moebench::reports {

// What a cell that differs from its reference in parallelism and expert kernel owes to each:
// kernel x parallelism x interaction = whole. The interaction is by how much the parallelism gains
// more with the cell's kernel than with the reference's. `missing` names the cells, by their axes,
// without which there is no telling; the factors are nullopt then.
struct Attribution {
  std::size_t cell;  // place in the scenario
  Gain whole;
  std::optional<Gain> kernel{}, parallelism{}, interaction{};
  std::vector<std::string> missing{};
};

// Of the cells of the scenario that differ from their reference in both.
std::vector<Attribution> attributions_of(const ScenarioCells& scenario, const Reference& reference,
                                         const Gains& gains);

// "cell, whole, kernel, parallelism, interaction"; empty where there are no attributions.
Table attribution_table(const ScenarioCells& scenario, const std::vector<Attribution>& found);

// Lines on the corners that are missing.
std::vector<std::string> missing_corners(const std::vector<Attribution>& found);

}  // namespace moebench::reports
