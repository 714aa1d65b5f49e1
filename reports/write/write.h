#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/comparison.h"
#include "reports/write/format.h"
#include "reports/write/improvements.h"

namespace moebench::reports {

// Layouts: documents of all records, in the order given, after check_agreement (agreement.h); how
// to read them: reports/README.md. `reference` are the axis values that name the baseline, where
// they are not to be those that scenarios name or that are found (improvements.h). Error where
// there are no records or no cell matches the reference.
Document report_document(std::vector<record::CellRecord> records, const AxisValues& reference = {},
                         const ComparisonOptions& options = {});

// The same of records that check_agreement and with_arms (cells.h) have gone over.
Document checked_report_document(const std::vector<record::CellRecord>& records,
                                 const AxisValues& reference, const ComparisonOptions& options);

// A table a scenario in the columns of fms-acceleration's PR 69: Model, Gpus, TYPE, mem_peak,
// mem_alloc, train_runtime, tokens/s, improvements.
Document fms_table_document(std::vector<record::CellRecord> records,
                            const AxisValues& reference = {});

// The functions of fms-acceleration's load profile in the order of Python's pstats, for each ok
// cell that measures loading; empty where none does.
Document load_profiles_document(const std::vector<record::CellRecord>& records);

// Shows what `moebench doctor` found.
Document machine_document(const record::MachineReport& report);

struct ReportOptions {
  Format format = Format::kMarkdown;
  AxisValues reference = {};
  ComparisonOptions comparison = {};
  PrintOptions print = {};
  std::vector<std::string> warnings = {};  // of what was loaded; stand before all else
};

// Puts these warnings before the document.
Document with_warnings(Document document, const std::vector<std::string>& warnings);

// Tells whether write_report gives the records themselves instead of tables of them.
constexpr bool prints_records(Format format) {
  return format == Format::kCsv || format == Format::kCsvWide || format == Format::kJson;
}

// Programs get the records themselves instead of tables of them: the schema's document as JSON, and
// a row for each value of each record as CSV, a row for each record as wide CSV. Any other format
// prints the report's document.
std::string write_report(std::vector<record::CellRecord> records, const ReportOptions& options);
// Hands the same over in pieces, of records one by one.
void write_report(std::vector<record::CellRecord> records, const ReportOptions& options,
                  const std::function<void(std::string_view)>& write);
// Writes the same of a machine: the schema's document as JSON, else the report's.
std::string write_machine_report(const record::MachineReport& report, Format format,
                                 const PrintOptions& options = {});

}  // namespace moebench::reports
