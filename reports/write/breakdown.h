#pragma once

#include "reports/write/cells.h"
#include "reports/write/table.h"

namespace moebench::reports {

// Tables of the ok cells that take one number apart; empty where it was not measured.

// Live and peak bytes of the phases of the memory pass, the analytic estimate beside them, and what
// the allocator cannot see.
Table memory_table(const ScenarioCells& scenario);

// Shows, for GPUs, what the caching allocator holds of the device, and what is in use beyond it.
Table device_memory_table(const ScenarioCells& scenario);

// Seconds of a step, and each phase's share of it, means over ranks.
Table phase_table(const ScenarioCells& scenario);

}  // namespace moebench::reports
