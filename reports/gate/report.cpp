#include <algorithm>

#include "harness/base/check.h"
#include "reports/gate/gate.h"

namespace moebench::gate {

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "PASS";
    case Verdict::kNew:
      return "NEW";
    case Verdict::kKnownFailure:
      return "KNOWN FAILURE";
    case Verdict::kInconclusive:
      return "INCONCLUSIVE";
    case Verdict::kMissing:
      return "MISSING";
    case Verdict::kFailed:
      return "FAILED";
    case Verdict::kRegressed:
      return "REGRESSED";
  }
  MOEBENCH_CHECK(!"a verdict outside its enumeration");
}

Verdict Report::worst() const {
  Verdict worst = Verdict::kPass;
  for (const CellResult& cell : cells) worst = std::max(worst, cell.verdict);
  for (const MetricTest& test : suite) {
    if (test.verdict == Verdict::kRegressed) worst = Verdict::kRegressed;
  }
  return worst;
}

int Report::count(Verdict verdict) const {
  return static_cast<int>(std::ranges::count(cells, verdict, &CellResult::verdict));
}

bool wants_more_pairs(const Report& report) { return report.worst() == Verdict::kInconclusive; }

}  // namespace moebench::gate
