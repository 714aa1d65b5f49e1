#pragma once

#include <string>

#include "reports/gate/gate.h"
#include "reports/write/document.h"

// Texts of a report; all pure.
namespace moebench::gate {

// Largest step summary that GitHub takes is 1 MiB.
inline constexpr std::size_t kMaxSummaryBytes = 1'000'000;

// The verdict, what is not PASS (regressions first), the geometric means, notes, and all tests in a
// section that is folded.
reports::Document summary_document(const Report& report);

// Writes the same as markdown of at most `max_bytes`; it counts the rows of tables that do not fit.
std::string write_summary(const Report& report, std::size_t max_bytes = kMaxSummaryBytes);

// GitHub's workflow commands: an error for each regression and each failed or missing cell, a
// warning for each inconclusive or known one. GitHub shows ten of a type, so the ten that stand
// for more are the nine worst and "k more".
std::string write_annotations(const Report& report);

// JUnit XML, a suite a scenario and a test case for each cell and metric: regressed = failure,
// inconclusive and known = skipped, failed and missing = error.
std::string write_junit(const Report& report);

}  // namespace moebench::gate
