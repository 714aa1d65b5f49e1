#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "reports/write/document.h"

namespace moebench::reports {

enum class Format { kMarkdown, kTerminal, kHtml, kSvg, kCsv, kCsvWide, kJson, kLatex };

// Tells whether the format shows figures.
constexpr bool shows_figures(Format format) {
  return format == Format::kHtml || format == Format::kSvg;
}

struct PrintOptions {
  std::size_t width = 0;     // columns of the terminal; 0: no limit
  bool has_colours = false;  // of the terminal
  bool shows_folded = true;  // in formats that cannot fold: folded sections are left out without
  std::string figure{};      // of svg: which one
};

using Write = std::function<void(std::string_view)>;

// A format is a row of this table: its name on command lines, and the printer of any document. A
// text of tens of megabytes is better handed over piece by piece.
struct FormatRow {
  Format value;
  const char* name;
  std::string (*print)(const Document& document, const PrintOptions& options);
  void (*print_pieces)(const Document& document, const Write& write) = nullptr;
};
std::span<const FormatRow> formats();

const char* to_string(Format format);
// Error where there is no such format; it lists those that there are.
Format format_from_string(std::string_view name);

std::string print(const Document& document, Format format, const PrintOptions& options = {});
// The same, in pieces where the format has them.
void print(const Document& document, Format format, const PrintOptions& options,
           const Write& write);

}  // namespace moebench::reports
