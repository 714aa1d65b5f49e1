#include "reports/write/write.h"

#include "harness/base/check.h"
#include "reports/write/agreement.h"
#include "reports/write/cells.h"
#include "reports/write/csv.h"
#include "reports/write/improvements.h"
#include "reports/write/loading.h"
#include "reports/write/markdown.h"

namespace moebench::reports {

std::string write_report(const std::vector<record::CellRecord>& recorded,
                         const ReportOptions& options) {
  const auto records = check_agreement(recorded);
  const auto scenarios = group_cells(records);
  const Baseline baseline(scenarios, options.baseline);
  switch (options.format) {
    case Format::kMarkdown:
      return to_markdown(scenarios, baseline);
    case Format::kCsv:
      return to_csv(records);
    case Format::kJson:
      return record::to_json_document(records);
  }
  MOEBENCH_CHECK(!"a format outside its enumeration");
}

std::string write_load_profiles(const std::vector<record::CellRecord>& records) {
  std::string text;
  for (const ScenarioCells& scenario : group_cells(records)) {
    if (is_loading(scenario)) text += load_profiles(scenario);
  }
  return text;
}

}  // namespace moebench::reports
