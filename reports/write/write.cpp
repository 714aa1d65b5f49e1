#include "reports/write/write.h"

#include "reports/write/agreement.h"
#include "reports/write/cells.h"
#include "reports/write/csv.h"
#include "reports/write/improvements.h"
#include "reports/write/loading.h"
#include "reports/write/markdown.h"

namespace moebench::reports {
namespace {

// Two builds that ran the same cell in pairs are not its repetitions: the arm becomes an axis.
std::vector<record::CellRecord> with_arms(std::vector<record::CellRecord> records) {
  for (record::CellRecord& record : records) {
    if (!record.pair) continue;
    record.axes.insert(record.axes.begin(), {"arm", to_string(record.pair->arm)});
  }
  return records;
}

}  // namespace

std::string write_report(const std::vector<record::CellRecord>& recorded,
                         const ReportOptions& options) {
  const auto checked = check_agreement(recorded);
  const auto records = with_arms(checked);
  const auto scenarios = group_cells(records);
  const Baseline baseline(scenarios, options.baseline);
  if (options.format == Format::kJson) return record::to_json_document(checked);
  return options.format == Format::kCsv ? to_csv(records) : to_markdown(scenarios, baseline);
}

std::string write_load_profiles(const std::vector<record::CellRecord>& records) {
  std::string text;
  for (const ScenarioCells& scenario : group_cells(records)) {
    if (is_loading(scenario)) text += load_profiles(scenario);
  }
  return text;
}

}  // namespace moebench::reports
