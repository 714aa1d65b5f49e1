#include "harness/measure/nvtx.h"

#include <array>

#ifdef MOEBENCH_HAVE_NVTX
#include <nvtx3/nvToolsExt.h>
#endif

namespace moebench::measure {

#ifdef MOEBENCH_HAVE_NVTX

namespace {

struct Domain {
  nvtxDomainHandle_t handle = nvtxDomainCreateA("moebench");
  std::array<nvtxStringHandle_t, kNumPhases> names{};

  Domain() {
    for (std::size_t i = 0; i < names.size(); ++i) {
      names[i] = nvtxDomainRegisterStringA(handle, to_string(static_cast<Phase>(i)));
    }
  }
};

thread_local bool is_in_range = false;

}  // namespace

void nvtx_enter(Phase phase) {
  static const Domain domain;
  if (is_in_range) nvtxDomainRangePop(domain.handle);
  is_in_range = phase != Phase::kOther;
  if (!is_in_range) return;
  nvtxEventAttributes_t range{};
  range.version = NVTX_VERSION;
  range.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  range.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  range.message.registered = domain.names[static_cast<std::size_t>(phase)];
  nvtxDomainRangePushEx(domain.handle, &range);
}

#else

void nvtx_enter(Phase) {}

#endif

}  // namespace moebench::measure
