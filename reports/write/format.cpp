#include "reports/write/format.h"

#include <algorithm>
#include <array>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

constexpr std::array kFormats = {
    FormatRow{Format::kMarkdown, "markdown", print_markdown},
    FormatRow{Format::kTerminal, "terminal", print_terminal},
    FormatRow{Format::kHtml, "html", print_html, print_html_pieces},
    FormatRow{Format::kSvg, "svg", print_svg},
    FormatRow{Format::kCsv, "csv", print_csv},
    FormatRow{Format::kCsvWide, "csv-wide", print_csv_wide},
    FormatRow{Format::kJson, "json", print_json},
    FormatRow{Format::kLatex, "latex", print_latex},
};

const FormatRow& row_of(Format format) {
  const auto* row = std::ranges::find(kFormats, format, &FormatRow::value);
  MOEBENCH_CHECK(row != kFormats.end());
  return *row;
}

}  // namespace

std::span<const FormatRow> formats() { return kFormats; }

const char* to_string(Format format) { return row_of(format).name; }

Format format_from_string(std::string_view name) {
  std::string names;
  for (const FormatRow& row : kFormats) {
    if (row.name == name) return row.value;
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error("'{}' is no format of reports; use one of {}", name, names);
}

std::string print(const Document& document, Format format, const PrintOptions& options) {
  return row_of(format).print(document, options);
}

void print(const Document& document, Format format, const PrintOptions& options,
           const Write& write) {
  const FormatRow& row = row_of(format);
  row.print_pieces != nullptr ? row.print_pieces(document, write)
                              : write(row.print(document, options));
}

}  // namespace moebench::reports
