#pragma once

#include "harness/record/record.h"

namespace moebench::reports {

// What the tables of a report (report_document, fms_table_document, pivot_document) and its
// records read when it comes to thousands of records: a layout that reads more than headline values
// of another metric, or another entry of the environment, names it here.
record::Excerpt report_excerpt();

}  // namespace moebench::reports
