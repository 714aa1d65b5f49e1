#pragma once

#include "harness/measure/phases.h"

namespace moebench::measure {

// The phase that this thread is in as an NVTX range of the domain "moebench", for Nsight Systems
// and other tools; every change of phase calls it. kOther is no range. Without a tool it costs a
// few ns; without NVTX's headers at build time it does nothing.
void nvtx_enter(Phase phase);

}  // namespace moebench::measure
