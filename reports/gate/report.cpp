#include <algorithm>

#include "reports/gate/gate.h"

namespace moebench::gate {

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
