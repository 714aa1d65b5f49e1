#include "harness/profile/gpu/activities.h"

namespace moebench::profile_gpu {

// ncclDevKernel_AllGather_RING_LL, ncclKernel_... before NCCL 2.19, ncclSymkDevKernel_...
bool Activity::is_communication() const {
  return kind == ActivityKind::kKernel && name.starts_with("nccl");
}

}  // namespace moebench::profile_gpu
