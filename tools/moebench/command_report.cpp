#include <filesystem>
#include <optional>

#include "harness/base/error.h"
#include "harness/record/record.h"
#include "reports/figures/excerpt.h"
#include "reports/figures/figures.h"
#include "reports/write/card.h"
#include "reports/write/excerpt.h"
#include "reports/write/pivot.h"
#include "reports/write/profile.h"
#include "reports/write/published.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/load_results.h"
#include "tools/moebench/output.h"
#include "tools/moebench/shipped.h"

namespace moebench::cli {
namespace {

// Without these --columns names the columns of the report's first table.
bool is_pivot(const ReportArguments& options) {
  return !options.rows.empty() || !options.values.empty();
}

reports::ReportOptions report_options(const ReportArguments& options) {
  reports::ReportOptions report;
  if (options.out.empty() || !options.figure.empty()) {
    report.format = output_format(options.format, options.figure);
    report.print = print_options(options.figure);
  } else if (!options.format.empty()) {
    report.format = reports::format_from_string(options.format);
  }
  if (options.is_wide) report.print.shows_folded = true;
  report.reference = axis_values(options.reference, "--baseline");
  report.comparison.is_wide = options.is_wide;
  report.comparison.price_per_gpu_hour = options.price;
  if (!is_pivot(options)) report.comparison.columns = options.columns;
  return report;
}

std::string cards_of(const std::vector<record::CellRecord>& records,
                     const ReportArguments& options) {
  if (options.fms_table || options.profile || is_pivot(options) || !options.published.empty()) {
    throw Error(
        "--format card is of cells; leave out --fms-table, --profile, --published and pivots");
  }
  return reports::print_cards(records);
}

void write_text(std::vector<record::CellRecord> records, const ReportArguments& options,
                const std::vector<std::string>& warnings, const Write& write) {
  if (options.format == kCard) return write(cards_of(records, options));
  reports::ReportOptions report = report_options(options);
  report.warnings = warnings;
  const auto print = [&](reports::Document document) {
    reports::print(reports::with_warnings(std::move(document), warnings), report.format,
                   report.print, write);
  };
  if (!options.published.empty()) {
    const bool is_named = options.published != kPublishedFigures;
    const auto figures =
        reports::read_published(is_named ? options.published : shipped_figures().string());
    return print(reports::published_document(records, figures));
  }
  if (options.fms_table) {
    return print(reports::fms_table_document(std::move(records), report.reference));
  }
  const bool has_figures = reports::shows_figures(report.format);
  if (options.profile) {
    return print(has_figures ? reports::illustrated_profile(records, {})
                             : reports::profile_document(records, {}));
  }
  if (is_pivot(options)) {
    return print(reports::pivot_document(
        std::move(records),
        {.rows = options.rows, .columns = options.columns, .values = options.values}));
  }
  if (has_figures) {
    const std::size_t most = options.figure.empty() ? reports::kMostOfCells : records.size();
    return print(
        reports::illustrated_report(std::move(records), report.reference, report.comparison, most));
  }
  reports::write_report(std::move(records), report, write);
}

// Profiles are made of all that the records hold.
std::optional<record::Excerpt> excerpt_for(const ReportArguments& options) {
  if (options.profile) return std::nullopt;
  const bool is_named = !options.format.empty() && options.format != kCard;
  const bool has_figures =
      !options.figure.empty() ||
      (is_named && reports::shows_figures(reports::format_from_string(options.format)));
  return has_figures ? reports::figures_excerpt() : reports::report_excerpt();
}

}  // namespace

int run_command(const ReportArguments& options) {
  std::vector<std::string> warnings;
  auto records = load_results({.folders = options.folders,
                               .labels = options.labels,
                               .filters = options.filters,
                               .keep_other_builds = options.keep_other_builds,
                               .excerpt = excerpt_for(options)},
                              &warnings);
  const auto format =
      options.format == kCard ? reports::Format::kMarkdown : report_options(options).format;
  write_output(options.out, options.folders, format, [&](const Write& write) {
    write_text(std::move(records), options, warnings, write);
  });
  return kExitOk;
}

}  // namespace moebench::cli
