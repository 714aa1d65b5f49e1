#pragma once

#include <vector>

#include "harness/session/forecast.h"
#include "harness/session/plan.h"

namespace moebench::cluster {

// Seconds that these repetitions may take, one after the other, with what starts and ends a job:
// the sum of their time limits; of one without a limit kForecastFactor times the median of the
// cell's earlier repetitions. Rounds that are made again because something disturbed them, and
// further ones of `repeats: auto`, are not counted: what a job has no time for the next one does.
// Error, with the remedy, where a cell has neither.
inline constexpr double kForecastFactor = 3;
double job_seconds(const std::vector<session::PlannedRun>& runs,
                   const session::EarlierTimes& times);

}  // namespace moebench::cluster
