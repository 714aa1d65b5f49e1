#include "harness/base/error.h"
#include "harness/profile/gpu/cupti_tracer.h"

namespace moebench::profile_gpu {

class CuptiTracer::State {};

std::string CuptiTracer::why_unavailable() {
  return "this build cannot trace a GPU; configure with -DMOEBENCH_WITH_CUDA=ON";
}

CuptiTracer::CuptiTracer() { throw Unsupported(why_unavailable()); }
CuptiTracer::~CuptiTracer() = default;
GpuTrace CuptiTracer::stop() { return {}; }

}  // namespace moebench::profile_gpu
