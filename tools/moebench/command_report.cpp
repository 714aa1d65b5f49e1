#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <set>

#include "harness/base/error.h"
#include "harness/record/program.h"
#include "harness/record/record.h"
#include "reports/write/profile.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

reports::ReportOptions report_options(const ReportArguments& options) {
  reports::ReportOptions report;
  if (options.out.empty()) {
    report.format = output_format(options.format);
    report.print = print_options();
  } else if (!options.format.empty()) {
    report.format = reports::format_from_string(options.format);
  }
  for (const std::string& pair : options.reference) {
    report.reference.push_back(session::parse_pair(pair, "--reference"));
  }
  return report;
}

std::string text_of(const std::vector<record::CellRecord>& records,
                    const ReportArguments& options) {
  const reports::ReportOptions report = report_options(options);
  if (options.seed_table) {
    const auto document = reports::seed_table_document(records, report.reference);
    return reports::print(document, report.format, report.print);
  }
  if (options.profile) {
    return reports::print(reports::profile_document(records, {}), report.format, report.print);
  }
  return reports::write_report(records, report);
}

// Repetitions of different programs are not averaged unless that is asked for.
std::vector<record::CellRecord> of_one_program_each(std::vector<record::CellRecord> records) {
  auto parted = record::of_latest_programs(std::move(records));
  std::set<std::string> others;
  for (const record::CellRecord& record : parted.left_out) others.insert(program_of(record));
  if (!others.empty()) {
    std::cerr << fmt::format(
        "note: left out {} of another program than their cell's latest ({}); --keep-other-builds "
        "takes them in\n",
        parted.left_out.size() == 1 ? "1 result"
                                    : fmt::format("{} results", parted.left_out.size()),
        fmt::join(others, "; "));
  }
  return std::move(parted.kept);
}

}  // namespace

int run_command(const ReportArguments& options) {
  auto records = record::load(options.folder);
  if (records.empty()) {
    throw Error("no results in '{}': it has no results.jsonl with a record; see moebench run",
                options.folder);
  }
  if (!options.keep_other_builds) records = of_one_program_each(std::move(records));
  write_output(options.out, text_of(records, options), options.folder);
  return kExitOk;
}

}  // namespace moebench::cli
