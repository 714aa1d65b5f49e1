#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/names.h"
#include "harness/record/record.h"
#include "harness/record/session.h"

// The regression gate: records of a session of pairs -> verdicts. Pure: no clock, no file. The
// method and its reasons: reports/README.md.
namespace moebench::gate {

// The mildest first.
enum class Verdict {
  kPass,
  kNew,
  kImproved,
  kKnownFailure,
  kInconclusive,
  kMissing,
  kFailed,
  kRegressed
};
constexpr auto names_of(Verdict) {
  return name_table<Verdict>({{Verdict::kPass, "PASS"},
                              {Verdict::kNew, "NEW"},
                              {Verdict::kImproved, "IMPROVED"},
                              {Verdict::kKnownFailure, "KNOWN FAILURE"},
                              {Verdict::kInconclusive, "INCONCLUSIVE"},
                              {Verdict::kMissing, "MISSING"},
                              {Verdict::kFailed, "FAILED"},
                              {Verdict::kRegressed, "REGRESSED"}});
}
using moebench::to_string;

// IMPROVED is what is REGRESSED with base and candidate exchanged.
struct Rules {
  double min_estimate = 0.02;         // REGRESSED: the estimate is larger as well
  double suite_min_estimate = 0.005;  // the same for the geometric mean over the cells
  double suite_share = 0.1;           // of alpha, for the geometric means; the rest is the cells'
  double pass_error = 0.05;           // PASS: one-sided, of the bound below the session's mde
};

// Relative change in the direction that is worse: 0.05 = 5 % slower, or 5 % more bytes.
struct Change {
  double estimate = 0;
  // Of a time metric, the bounds by which its verdict was decided. REGRESSED and IMPROVED: the
  // levels of Holm's procedure, one each way, so that 0 lies outside of lower..upper exactly where
  // the one or the other is rejected.
  std::optional<double> lower{};
  std::optional<double> upper{};
  std::optional<double> at_most{};  // PASS: the upper bound at Rules::pass_error
};

// A metric of a cell, or of all cells together.
struct MetricTest {
  std::string metric;
  std::string unit{};
  bool is_time = false;  // judged from pairs; else exact
  Verdict verdict = Verdict::kMissing;
  // These are over the pairs: geometric means of a time, medians of an exact metric.
  std::optional<double> base{};
  std::optional<double> candidate{};
  std::optional<Change> change{};
  std::optional<double> noise{};  // standard deviation of one run, relative
  int pairs = 0;
  // About how many pairs in all would decide what is INCONCLUSIVE (outlook.h).
  std::optional<int> deciding_pairs{};
  std::string note{};
};

struct CellResult {
  std::string id;
  std::string scenario;
  std::vector<std::pair<std::string, std::string>> axes{};
  Verdict verdict = Verdict::kMissing;  // the worst of its tests
  std::string message{};                // of a cell that failed, is missing, new or known
  std::vector<MetricTest> tests{};
  int valid_pairs = 0;
};

struct Report {
  std::string base, candidate;  // what the arms are
  double mde = 0;
  double alpha = 0;               // of all time tests, each way, at the look that is judged
  double pass_error = 0;          // of the bound of PASS, likewise
  std::vector<CellResult> cells;  // in the order planned
  std::vector<MetricTest> suite;  // geometric means, one a time metric of several cells
  std::vector<std::string> notes;

  Verdict worst() const;
  int count(Verdict verdict) const;  // cells
  bool any(Verdict verdict) const;   // cell, or all of them together
};

struct Input {
  record::Session session;
  std::vector<record::CellRecord> records{};      // of the session
  std::vector<record::CellRecord> calibration{};  // A/A pairs; may be empty
  std::string today{};                            // YYYY-MM-DD, for known failures
  Rules rules{};
  bool with_outlook = true;  // says how many pairs more would decide; costs more than all else
};

// Error where there is nothing to compare or the records contradict each other; NotComparable where
// records are no pairs, or the calibration is another machine's.
Report judge(const Input& input);

// Tells whether more pairs could still decide: something is inconclusive, and nothing is worse.
bool wants_more_pairs(const Report& report);

}  // namespace moebench::gate
