#pragma once

#include "harness/record/record.h"
#include "reports/figures/subject.h"

namespace moebench::reports {

// The curve that `moebench doctor` measured.
Figures machine_bandwidth_figures(const record::MachineReport& report);

}  // namespace moebench::reports
