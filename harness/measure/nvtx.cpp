#include "harness/measure/nvtx.h"

#include <array>

#ifdef MOEBENCH_HAVE_NVTX
#include <nvtx3/nvToolsExt.h>
#endif

namespace moebench::measure {

#ifdef MOEBENCH_HAVE_NVTX

namespace {

constexpr std::array kKinds = {"step", "layer", "unit", "collective"};
constexpr std::uint32_t kPhaseCategory = 1;
constexpr std::uint32_t kFirstKindCategory = 2;

struct Domain {
  nvtxDomainHandle_t handle = nvtxDomainCreateA("moebench");  // null: no tool
  std::array<nvtxStringHandle_t, kNumPhases> phases{};

  Domain() {
    if (handle == nullptr) return;
    nvtxDomainNameCategoryA(handle, kPhaseCategory, "phase");
    for (std::uint32_t i = 0; i < kKinds.size(); ++i) {
      nvtxDomainNameCategoryA(handle, kFirstKindCategory + i, kKinds[i]);
    }
    for (std::size_t i = 0; i < phases.size(); ++i) {
      phases[i] = nvtxDomainRegisterStringA(handle, to_string(static_cast<Phase>(i)));
    }
  }
};

const Domain& domain() {
  static const Domain only;
  return only;
}

nvtxEventAttributes_t attributes(std::uint32_t category, nvtxStringHandle_t name) {
  nvtxEventAttributes_t range{};
  range.version = NVTX_VERSION;
  range.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  range.category = category;
  range.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  range.message.registered = name;
  return range;
}

thread_local bool is_in_phase = false;

}  // namespace

// Phases are the only ranges that are pushed and popped, so a pop always ends the last phase.
void nvtx_enter(Phase phase) {
  const Domain& here = domain();
  if (here.handle == nullptr) return;
  if (is_in_phase) nvtxDomainRangePop(here.handle);
  is_in_phase = phase != Phase::kOther;
  if (!is_in_phase) return;
  const auto range = attributes(kPhaseCategory, here.phases[static_cast<std::size_t>(phase)]);
  nvtxDomainRangePushEx(here.handle, &range);
}

NvtxName::NvtxName(const std::string& text) {
  const Domain& here = domain();
  if (here.handle != nullptr) handle_ = nvtxDomainRegisterStringA(here.handle, text.c_str());
}

void NvtxRange::start(NvtxKind kind, const NvtxName& name, std::int64_t payload) {
  auto range = attributes(kFirstKindCategory + static_cast<std::uint32_t>(kind),
                          static_cast<nvtxStringHandle_t>(name.handle_));
  range.payloadType = NVTX_PAYLOAD_TYPE_INT64;
  range.payload.llValue = payload;
  id_ = nvtxDomainRangeStartEx(domain().handle, &range);
  is_open_ = true;
}

void NvtxRange::finish() noexcept { nvtxDomainRangeEnd(domain().handle, id_); }

#else

void nvtx_enter(Phase) {}
NvtxName::NvtxName(const std::string&) {}
void NvtxRange::start(NvtxKind, const NvtxName&, std::int64_t) {}
void NvtxRange::finish() noexcept {}

#endif

}  // namespace moebench::measure
