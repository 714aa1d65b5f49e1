#pragma once

#include "harness/record/process_figures.h"
#include "harness/record/record.h"

namespace moebench::merge {

// What the processes of a run took, as metrics process_*; what was not measured is absent.
record::Metrics process_metrics(const record::ProcessFigures& figures);

}  // namespace moebench::merge
