#pragma once

#include <cstdint>

#include "harness/measure/nvtx.h"

namespace moebench::comm {

// The NVTX names of collectives.
struct CollectiveNames {
  measure::NvtxName all_gather{"all_gather"};
  measure::NvtxName reduce_scatter{"reduce_scatter"};
  measure::NvtxName all_to_all{"all_to_all"};
  measure::NvtxName all_reduce{"all_reduce"};
};

inline const CollectiveNames& collective_names() {
  static const CollectiveNames names;
  return names;
}

// `bytes` as nccl-tests count them: all that a rank receives of an all-gather, hands to a
// reduce-scatter or an all-reduce, sends in an all-to-all.
inline measure::NvtxRange collective_range(const measure::NvtxName& name, std::int64_t bytes) {
  return measure::NvtxRange(measure::NvtxKind::kCollective, name, bytes);
}

}  // namespace moebench::comm
