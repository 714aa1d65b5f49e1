#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::cluster {

// What a batch system is asked for, so that each of the cells fits in, one after the other.
struct JobShape {
  std::int64_t nodes = 1;
  std::int64_t ranks_per_node = 1;
  std::int64_t threads_per_rank = 1;
  std::int64_t gpus_per_node = 0;  // one for each rank of a cell with `device: cuda`

  bool operator==(const JobShape&) const = default;
};

// The most that one of the cells asks for, of each. A cell that does not say how its ranks are
// spread (`nodes`, `ranks_per_node`) takes `nodes`, one where nobody says. Error where a cell asks
// for more nodes than `nodes`.
JobShape job_shape(const std::vector<config::CellConfig>& cells, std::optional<std::int64_t> nodes);

}  // namespace moebench::cluster
