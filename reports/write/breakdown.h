#pragma once

#include "reports/write/cells.h"
#include "reports/write/table.h"

namespace moebench::reports {

// Tables of the ok cells that take one number apart; empty where it was not measured.

// Seconds of a step, and each phase's share of it, means over ranks.
Table phase_table(const ScenarioCells& scenario);

}  // namespace moebench::reports
