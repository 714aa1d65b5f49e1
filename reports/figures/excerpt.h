#pragma once

#include "harness/record/record.h"

namespace moebench::reports {

// What illustrated_report and its tables read when it comes to thousands of records: a picture that
// reads samples, or numbers of each rank, of another metric names it here.
record::Excerpt figures_excerpt();

}  // namespace moebench::reports
