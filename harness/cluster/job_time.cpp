#include "harness/cluster/job_time.h"

#include "harness/base/error.h"
#include "harness/stats/quantile.h"

namespace moebench::cluster {
namespace {

constexpr double kJobS = 60;        // reading the file, encoding text, the summary
constexpr double kRepetitionS = 5;  // a launcher that ends ranks, and the record

double limit_s(const session::PlannedRun& run, const session::EarlierTimes& times) {
  if (run.cell.time_limit_s > 0) return run.cell.time_limit_s;
  const auto median = stats::median(times.of(run.id()));
  if (median) return kForecastFactor * *median / 1e9;
  throw Error(
      "how long cell {} may take is not known: it has no time limit and no earlier repetition in "
      "'{}'; give --time-limit S, the file's setting time_limit_s, or the job's --time",
      run.id(), times.folder().string());
}

}  // namespace

double job_seconds(const std::vector<session::PlannedRun>& runs,
                   const session::EarlierTimes& times) {
  double seconds = kJobS;
  for (const session::PlannedRun& run : runs) seconds += limit_s(run, times) + kRepetitionS;
  return seconds;
}

}  // namespace moebench::cluster
