#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "harness/profile/gpu/activities.h"

namespace moebench::profile_gpu {

// The lanes of a rank's GPU in Chrome's trace format: one a stream, one a thread that launched
// something, one a thread with NVTX ranges, and an arrow from each launch to what it launched.
// `offset_ns` is added to all times. Slices of a lane nest: kernels of one stream that overlap in
// part, as programmatic dependent launches do, lie on lanes of their own. Arrows that would end
// before they begin, where the clocks of host and GPU differ that much, are left out.
struct GpuLanes {
  nlohmann::json events;
  std::int64_t num_arrows_left_out = 0;
};
GpuLanes gpu_lanes(const GpuTrace& trace, int rank, std::int64_t offset_ns);

}  // namespace moebench::profile_gpu
