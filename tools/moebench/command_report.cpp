#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <iostream>
#include <set>

#include "harness/base/error.h"
#include "harness/record/program.h"
#include "harness/record/record.h"
#include "reports/write/card.h"
#include "reports/write/excerpt.h"
#include "reports/write/profile.h"
#include "reports/write/published.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"
#include "tools/moebench/tree_places.h"

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
  report.comparison.price_per_gpu_hour = options.price;
  return report;
}

std::filesystem::path find_published(const std::string& path) {
  if (path != kPublishedFigures) return path;
  for (const std::filesystem::path& place : tree_places(path)) {
    if (std::filesystem::is_regular_file(place)) return place;
  }
  throw Error("no {} here or above the program; name a file: --published FILE", path);
}

std::string cards_of(const std::vector<record::CellRecord>& records,
                     const ReportArguments& options) {
  if (options.seed_table || options.profile || !options.published.empty()) {
    throw Error("--format card is of cells; leave out --seed-table, --profile and --published");
  }
  return reports::print_cards(records);
}

void write_text(std::vector<record::CellRecord> records, const ReportArguments& options,
                const Write& write) {
  if (options.format == kCard) return write(cards_of(records, options));
  const reports::ReportOptions report = report_options(options);
  const auto print = [&](const reports::Document& document) {
    write(reports::print(document, report.format, report.print));
  };
  if (!options.published.empty()) {
    const auto figures = reports::read_published(find_published(options.published));
    return print(reports::published_document(records, figures));
  }
  if (options.seed_table) {
    return print(reports::seed_table_document(std::move(records), report.reference));
  }
  if (options.profile) return print(reports::profile_document(records, {}));
  reports::write_report(std::move(records), report, write);
}

// Profiles, and a few formats, are made of all that the records hold.
std::vector<record::CellRecord> load(const ReportArguments& options) {
  const bool needs_all = options.profile || options.format == kCard ||
                         options.format == reports::to_string(reports::Format::kCsvWide);
  return needs_all ? record::load(options.folder)
                   : record::load_excerpts(options.folder, reports::report_excerpt());
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
  auto records = load(options);
  if (records.empty()) {
    throw Error("no results in '{}': it has no results.jsonl with a record; see moebench run",
                options.folder);
  }
  if (!options.keep_other_builds) records = of_one_program_each(std::move(records));
  write_output(options.out, options.folder,
               [&](const Write& write) { write_text(std::move(records), options, write); });
  return kExitOk;
}

}  // namespace moebench::cli
