#include "reports/write/write.h"

#include "reports/write/agreement.h"
#include "reports/write/cells.h"
#include "reports/write/common_means.h"
#include "reports/write/comparison.h"
#include "reports/write/imported.h"
#include "reports/write/improvements.h"
#include "reports/write/loading.h"
#include "reports/write/records_csv.h"
#include "reports/write/records_wide.h"

namespace moebench::reports {
namespace {

// Formats of records do not show it, but a wrong one is an error in any format.
void refuse_wrong_reference(const std::vector<record::CellRecord>& records,
                            const AxisValues& reference) {
  if (reference.empty() && !records.empty()) return;
  const auto armed = with_arms(records);
  check_baseline(group_cells(armed), reference);
}

}  // namespace

Document report_document(std::vector<record::CellRecord> recorded, const AxisValues& reference_axes,
                         const ComparisonOptions& options) {
  return checked_report_document(with_arms(check_agreement(std::move(recorded))), reference_axes,
                                 options);
}

Document checked_report_document(const std::vector<record::CellRecord>& records,
                                 const AxisValues& reference_axes,
                                 const ComparisonOptions& options) {
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
    } else if (is_benchmarks(scenario)) {
      add_benchmarks(document, scenario);
    } else {
      add_comparison(document, Comparison(scenario, reference_axes, rates), options);
    }
    add_section(document, {3, "Geometric means over the cells in common"},
                common_means_table(scenario));
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

Document with_warnings(Document document, const std::vector<std::string>& warnings) {
  if (warnings.empty()) return document;
  Document all;
  std::vector<std::string> items;
  for (const std::string& warning : warnings) items.push_back("warning: " + warning);
  add_list(all, items);
  append(all, std::move(document));
  return all;
}

void write_report(std::vector<record::CellRecord> recorded, const ReportOptions& options,
                  const std::function<void(std::string_view)>& write) {
  if (!prints_records(options.format)) {
    const Document document =
        report_document(std::move(recorded), options.reference, options.comparison);
    return write(print(with_warnings(document, options.warnings), options.format, options.print));
  }
  auto records = check_agreement(std::move(recorded));
  refuse_wrong_reference(records, options.reference);
  if (options.format == Format::kJson) return record::write_json_document(records, write);
  records = with_arms(std::move(records));
  if (options.format == Format::kCsvWide) {
    return write(print(records_wide_document(records), options.format, options.print));
  }
  write_records_csv(records, write);
}

std::string write_report(std::vector<record::CellRecord> records, const ReportOptions& options) {
  std::string text;
  write_report(std::move(records), options, [&](std::string_view part) { text += part; });
  return text;
}

}  // namespace moebench::reports
