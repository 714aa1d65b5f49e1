#include "harness/config/placement.h"

#include <fmt/format.h>

namespace moebench::config {

void follow_placement(CellConfig& cell, const std::function<bool(const char* axis)>& is_written) {
  const bool has_nodes = is_written("nodes") && cell.nodes > 0;
  const bool has_ranks_per_node = is_written("ranks_per_node") && cell.ranks_per_node > 0;
  if (!is_written("nodes")) cell.nodes = has_ranks_per_node ? cell.ranks / cell.ranks_per_node : 0;
  if (!is_written("ranks_per_node")) cell.ranks_per_node = has_nodes ? cell.ranks / cell.nodes : 0;
  if (has_nodes && has_ranks_per_node && !is_written("ranks")) {
    cell.ranks = cell.nodes * cell.ranks_per_node;
  }
}

PlacementFault placement_fault(const CellConfig& cell) {
  const bool is_placed = cell.nodes > 0 || cell.ranks_per_node > 0;
  if (is_placed && cell.nodes * cell.ranks_per_node != cell.ranks) {
    const bool of_nodes = cell.ranks_per_node == 0 || cell.ranks % cell.ranks_per_node == 0;
    return {of_nodes ? "nodes" : "ranks_per_node",
            fmt::format("{} ranks are not {} nodes x {} ranks_per_node; name two of the three, or "
                        "numbers that agree",
                        cell.ranks, cell.nodes, cell.ranks_per_node)};
  }
  if (cell.network != kLocalNetwork && cell.nodes < 2) {
    return {"network", fmt::format("{} shapes the links between hosts, of which this cell has no "
                                   "two; set nodes to 2 or more, or network to {}",
                                   cell.network, kLocalNetwork)};
  }
  return {};
}

}  // namespace moebench::config
