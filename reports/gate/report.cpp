#include <algorithm>

#include "reports/gate/gate.h"

namespace moebench::gate {

Verdict Report::worst() const {
  Verdict worst = Verdict::kPass;
  for (const CellResult& cell : cells) worst = std::max(worst, cell.verdict);
  // A geometric mean that decides nothing is no reason to look at it.
  for (const MetricTest& test : suite) {
    const bool decides = test.verdict == Verdict::kRegressed || test.verdict == Verdict::kImproved;
    if (decides) worst = std::max(worst, test.verdict);
  }
  return worst;
}

int Report::count(Verdict verdict) const {
  return static_cast<int>(std::ranges::count(cells, verdict, &CellResult::verdict));
}

bool Report::any(Verdict verdict) const {
  return count(verdict) > 0 || std::ranges::count(suite, verdict, &MetricTest::verdict) > 0;
}

bool wants_more_pairs(const Report& report) { return report.worst() == Verdict::kInconclusive; }

}  // namespace moebench::gate
