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

// Largest comment that GitHub takes is 65 536 characters.
inline constexpr std::size_t kMaxCommentBytes = 60'000;

// Markdown for a comment on a pull request: a hidden line by which a bot finds the comment again
// (comment_marker), one sentence, at most ten rows that fit beside GitHub's margins, the rest
// folded. Nobody is mentioned by it, whatever the texts of others hold.
std::string write_comment(const Report& report, std::size_t max_bytes = kMaxCommentBytes);
// "<!-- moebench gate: english -->": the same for the same scenarios.
std::string comment_marker(const Report& report);

// GitHub's workflow commands: an error for each regression and each failed or missing cell, a
// warning for each inconclusive or known one. GitHub shows ten of a type, so the ten that stand
// for more are the nine worst and "k more".
std::string write_annotations(const Report& report);

// JUnit XML, a suite a scenario and a test case for each cell and metric: regressed = failure,
// inconclusive and known = skipped, failed and missing = error. Valid by the schema of Jenkins'
// xUnit plugin (junit-10.xsd), which most readers take.
std::string write_junit(const Report& report);

}  // namespace moebench::gate
