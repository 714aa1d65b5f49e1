#include "harness/cluster/job_shape.h"

#include <algorithm>

#include "harness/base/error.h"

namespace moebench::cluster {

JobShape job_shape(const std::vector<config::CellConfig>& cells,
                   std::optional<std::int64_t> nodes) {
  JobShape shape;
  shape.nodes = nodes.value_or(1);
  for (const config::CellConfig& cell : cells) {
    if (nodes && cell.nodes > *nodes) {
      throw Error("--nodes {}: cell {} asks for {} nodes; take so many, or leave such cells out",
                  *nodes, cell.id(), cell.nodes);
    }
    const std::int64_t own = cell.nodes > 0 ? cell.nodes : nodes.value_or(1);
    const std::int64_t per_node = (cell.processes() + own - 1) / own;
    shape.nodes = std::max(shape.nodes, own);
    shape.ranks_per_node = std::max(shape.ranks_per_node, per_node);
    shape.threads_per_rank = std::max(shape.threads_per_rank, cell.threads_per_rank);
    if (cell.device == config::Device::kCuda) {
      shape.gpus_per_node = std::max(shape.gpus_per_node, per_node);
    }
  }
  return shape;
}

}  // namespace moebench::cluster
