#pragma once

#include "reports/write/format.h"

// Printers of any document; each is named in the table of formats and nowhere else.
namespace moebench::reports {

// GitHub's markdown: tables padded so that their columns also stand aligned as plain text, folded
// sections within <details>. Text is shown as it stands, whatever marks it holds; line breaks in
// cells become spaces, what is not printable \xHH.
std::string print_markdown(const Document& document, const PrintOptions& options);

// Aligned columns without bars, at most `options.width` columns wide: lines are wrapped, and a
// table that is too wide goes on below, with its keys repeated. Control characters are printed as
// \xHH.
std::string print_terminal(const Document& document, const PrintOptions& options);

// One file that shows everything and fetches nothing: tables, and figures drawn by scripts, each
// with its numbers as a table. Without scripts the tables are all there. Text is shown as it
// stands; what is not printable is \xHH.
std::string print_html(const Document& document, const PrintOptions& options);
void print_html_pieces(const Document& document, const Write& write);

// One figure as a standalone document. `options.figure` is its name, or "SECTION/NAME" where
// several sections have one of that name. Throws Error, with the names that there are, for another.
std::string print_svg(const Document& document, const PrintOptions& options);

// The rows of all tables under one header line: "section" (the headings above the table, joined by
// " / "), then every column of any table once, with its unit where it has one. A row is empty in
// the columns that its table lacks. Numbers in base units; every field is quoted.
std::string print_csv(const Document& document, const PrintOptions& options);

// The same for spreadsheets: without the section where there is one table, and words that a
// spreadsheet would take for a formula (those that begin with =, +, -, @, a tab or a carriage
// return) begin with an apostrophe.
std::string print_csv_wide(const Document& document, const PrintOptions& options);

// {"sections": [{"path": [...], "paragraphs": [...], "notes": [...], "tables": [{"columns":
// [{"name", "unit", "is_key"}], "rows": [{name: value}]}]}]}, indented. Numbers in base units, null
// where there is none; the unit of words is "".
std::string print_json(const Document& document, const PrintOptions& options);

// A part of a LaTeX document, which needs booktabs and no other package: headings, paragraphs and
// lists as LaTeX's own, tables as tabulars in a small type with numbers below each other at their
// points. A table that is too wide for a page goes on below, with its keys repeated.
std::string print_latex(const Document& document, const PrintOptions& options);

}  // namespace moebench::reports
