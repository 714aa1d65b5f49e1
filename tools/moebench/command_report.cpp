#include <iostream>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/record/record.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"

namespace moebench::cli {
namespace {

reports::Format format_from_string(const std::string& text) {
  if (text == "csv") return reports::Format::kCsv;
  if (text == "json") return reports::Format::kJson;
  return reports::Format::kMarkdown;
}

}  // namespace

int run_command(const ReportOptions& options) {
  const auto records = record::load(options.folder);
  if (records.empty()) {
    throw Error("no results in '{}': it has no results.jsonl with a record; see moebench run",
                options.folder);
  }
  reports::ReportOptions report{.format = format_from_string(options.format)};
  for (const std::string& pair : options.baseline) {
    report.baseline.push_back(parse_pair(pair, "--baseline"));
  }
  if (options.seed_table && report.format != reports::Format::kMarkdown) {
    throw Error("--seed-table is a markdown table; leave out --format");
  }
  const std::string text = options.seed_table ? reports::write_seed_table(records, report)
                                              : reports::write_report(records, report);
  if (options.out.empty()) {
    std::cout << text;
  } else {
    write_file_atomically(options.out, text);
  }
  return kExitOk;
}

}  // namespace moebench::cli
