#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/names.h"
#include "harness/record/record.h"
#include "reports/write/cells.h"
#include "reports/write/document.h"

// Absolute bounds of metrics (`moebench gate --require`): what a machine or a build must reach.
namespace moebench::gate {

enum class Comparison { kAtLeast, kAtMost, kAbove, kBelow };
constexpr auto names_of(Comparison) {
  return name_table<Comparison>({{Comparison::kAtLeast, ">="},
                                 {Comparison::kAtMost, "<="},
                                 {Comparison::kAbove, ">"},
                                 {Comparison::kBelow, "<"}});
}

struct Requirement {
  std::string metric;
  Comparison comparison = Comparison::kAtLeast;
  double bound = 0;   // in the metric's unit
  std::string words;  // as it was given: "<= 64GB"
};

// "gemm_share>=0.4,mem_peak<=64GB". Error where a part is no such bound: an unknown metric, one
// without a number for a run, a unit that is not the metric's, none where it has several.
std::vector<Requirement> parse_requirements(const std::string& list);

// The mildest first.
enum class Holding { kHeld, kKnownFailure, kUndecided, kMissing, kFailed, kBroken };
constexpr auto names_of(Holding) {
  return name_table<Holding>({{Holding::kHeld, "HELD"},
                              {Holding::kKnownFailure, "KNOWN FAILURE"},
                              {Holding::kUndecided, "UNDECIDED"},
                              {Holding::kMissing, "MISSING"},
                              {Holding::kFailed, "FAILED"},
                              {Holding::kBroken, "BROKEN"}});
}

// A requirement of a cell.
struct BoundTest {
  std::string scenario;
  std::vector<std::string> axes{};  // values of RequirementReport::axes
  std::string metric;
  std::string unit{};
  std::string words{};
  Holding holding = Holding::kMissing;
  int runs = 0;
  // Of what one run tells the runs' median, least and largest; else their geometric mean (the mean
  // where a value is not positive) and its interval.
  std::optional<double> value{}, lower{}, upper{};
  std::string note{};
};

struct RequirementReport {
  std::vector<std::string> axes;  // in which the cells differ
  std::vector<BoundTest> tests;
  double confidence = 0.95;  // with which all intervals hold at once

  Holding worst() const;
};

// Judges the runs of each cell. Error where there are none.
RequirementReport judge_requirements(const std::vector<record::CellRecord>& records,
                                     const std::vector<Requirement>& requirements,
                                     const std::string& today);

reports::Document requirement_document(const RequirementReport& report);

}  // namespace moebench::gate
