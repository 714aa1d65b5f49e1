#include "reports/write/write.h"

#include "reports/write/agreement.h"
#include "reports/write/cells.h"
#include "reports/write/comparison.h"
#include "reports/write/improvements.h"
#include "reports/write/loading.h"
#include "reports/write/records_csv.h"

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

Document report_document(const std::vector<record::CellRecord>& recorded,
                         const AxisValues& reference_axes, const ComparisonOptions& options) {
  const auto records = with_arms(check_agreement(recorded));
  const auto scenarios = group_cells(records);
  check_baseline(scenarios, reference_axes);
  const GemmRates rates(records);
  Document document;
  for (const ScenarioCells& scenario : scenarios) {
    add_heading(document, 2, scenario.name);
    const std::string constants = describe(scenario.cells.front(), scenario.constant_axes);
    if (!constants.empty()) add_paragraph(document, constants);
    if (is_loading(scenario)) {
      add_loading(document, scenario);
    } else {
      add_comparison(document, Comparison(scenario, reference_axes, rates), options);
    }
  }
  return document;
}

Document load_profiles_document(const std::vector<record::CellRecord>& records) {
  Document document;
  for (const ScenarioCells& scenario : group_cells(records)) {
    if (is_loading(scenario)) add_load_profiles(document, scenario);
  }
  return document;
}

std::string write_report(const std::vector<record::CellRecord>& recorded,
                         const ReportOptions& options) {
  if (!prints_records(options.format)) {
    return print(report_document(recorded, options.reference, options.comparison), options.format,
                 options.print);
  }
  const auto checked = check_agreement(recorded);
  const auto records = with_arms(checked);
  const auto scenarios = group_cells(records);
  // These formats do not show it, but a wrong one is an error in any format.
  check_baseline(scenarios, options.reference);
  return options.format == Format::kJson ? record::to_json_document(checked) : records_csv(records);
}

}  // namespace moebench::reports
