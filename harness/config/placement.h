#pragma once

#include <functional>
#include <string>

#include "harness/config/cell.h"

namespace moebench::config {

// Makes ranks, nodes and ranks_per_node agree: of what nobody wrote, each follows from the two
// others. What was written stays.
void follow_placement(CellConfig& cell, const std::function<bool(const char* axis)>& is_written);

// An axis and what is wrong with its value; both empty where nothing is.
struct PlacementFault {
  std::string axis;
  std::string message;
};

// Ranks that the nodes do not share out evenly, and shaped links without hosts to lie between.
PlacementFault placement_fault(const CellConfig& cell);

}  // namespace moebench::config
