#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "harness/base/check.h"
#include "reports/gate/names.h"
#include "reports/gate/outputs.h"
#include "reports/gate/rows.h"
#include "reports/write/format.h"
#include "reports/write/format_value.h"

namespace moebench::gate {
namespace {

using reports::Document;
using reports::Entry;

constexpr std::size_t kMaxRows = 10;
constexpr std::size_t kMaxNameLength =
    44;  // in a column: two of them, verdict and change fill 830 pixels
constexpr std::size_t kMaxMarkerLength = 100;

std::string name_of(const Row& row, const Report& report) {
  return row.cell == nullptr ? describe_all(report) : describe(*row.cell, report);
}

// "step_time is 20.0 % worse [+16.9 %, +23.0 %] in english parallelism=ep".
std::string change_sentence(const Row& row, const Report& report) {
  const Change& change = *row.test->change;
  const char* way = change.estimate > 0 ? "worse" : "better";
  const std::string amount =
      std::isfinite(change.estimate) ? reports::format_share(std::abs(change.estimate)) + " " : "";
  const std::string interval =
      change.lower ? fmt::format(" [{}, {}]", bound_text(change.lower), bound_text(change.upper))
                   : "";
  return fmt::format("{} is {}{}{} in {}", row.test->metric, amount, way, interval,
                     name_of(row, report));
}

// What the worst row says.
std::string worst_sentence(const Row& row, const Report& report) {
  if (row.test == nullptr) return fmt::format("{}: {}", name_of(row, report), row.cell->message);
  if (row.verdict() == Verdict::kInconclusive) {
    const std::string note = row.test->note.empty() ? "" : "; " + row.test->note;
    return fmt::format("there is no telling yet whether {} got worse in {}: {}{}", row.test->metric,
                       name_of(row, report), change_text(*row.test), note);
  }
  const bool has_change = row.test->change.has_value();
  std::string text = has_change ? change_sentence(row, report)
                                : fmt::format("{} in {}", row.test->metric, name_of(row, report));
  if (!row.test->note.empty()) text += "; " + row.test->note;
  return text;
}

std::string passing_sentence(const Report& report) {
  const std::string cells = fmt::format("{} cells", report.cells.size());
  if (!(report.alpha > 0)) return "memory, tokens and losses are the baseline's in " + cells;
  return fmt::format("no slowdown of +{:g} %, no more memory, the same losses in {}",
                     report.mde * 100, cells);
}

std::string headline(const Report& report, const std::vector<Row>& rows) {
  const Verdict worst = report.worst();
  if (worst == Verdict::kPass) return passing_sentence(report);
  // The suite's tests make no verdict but these.
  const auto row = std::ranges::find_if(rows, [&](const Row& each) {
    const bool counts =
        each.cell != nullptr || worst == Verdict::kRegressed || worst == Verdict::kImproved;
    return counts && each.verdict() == worst;
  });
  MOEBENCH_CHECK(row != rows.end());
  std::string text = worst_sentence(*row, report);
  const int count = report.count(worst);
  if (count > 1) text += fmt::format(" (and {} more {})", count - 1, to_string(worst));
  if (worst == Verdict::kImproved) text += "; nothing is worse";
  return text;
}

reports::Table narrow_table(const Report& report, const std::vector<Row>& rows) {
  reports::Table table = {reports::key_column("verdict"), reports::key_column("cell"),
                          reports::key_column("what"), reports::number_column("worse by")};
  for (const Row& row : rows) {
    const auto change =
        row.test && row.test->change ? std::optional(row.test->change->estimate) : std::nullopt;
    add_row(table,
            {to_string(row.verdict()), reports::shorten(name_of(row, report), kMaxNameLength),
             row.test ? row.test->metric : reports::shorten(row.cell->message, kMaxNameLength),
             row.test ? Entry(change, change_text(*row.test)) : Entry()});
  }
  return table;
}

// Breaks what GitHub would make a mention or a link to an issue of.
std::string without_mentions(const std::string& markdown) {
  std::string out;
  for (std::size_t i = 0; i < markdown.size(); ++i) {
    out += markdown[i];
    if (i + 1 == markdown.size()) break;
    const auto next = static_cast<unsigned char>(markdown[i + 1]);
    const bool is_entity = i > 0 && markdown[i - 1] == '&';
    const bool is_mention = markdown[i] == '@' && std::isalnum(next) != 0;
    const bool is_issue = markdown[i] == '#' && !is_entity && std::isdigit(next) != 0;
    if (is_mention || is_issue) out += "<!-- -->";
  }
  return out;
}

Document overview(const Report& report, const std::vector<Row>& rows) {
  std::vector<Row> notable;
  std::ranges::copy_if(rows, std::back_inserter(notable), [](const Row& row) {
    const bool is_open_suite = row.cell == nullptr && row.verdict() == Verdict::kInconclusive;
    return row.verdict() != Verdict::kPass && !is_open_suite;
  });
  Document document = {reports::Heading{3, fmt::format("moebench: {}", to_string(report.worst()))},
                       reports::Paragraph{headline(report, rows), true},
                       reports::Paragraph{counts_text(report)}};
  const std::size_t num_left = notable.size() - std::min(notable.size(), kMaxRows);
  notable.resize(notable.size() - num_left);
  if (!notable.empty()) add_table(document, narrow_table(report, notable));
  if (num_left > 0) add_paragraph(document, fmt::format("{} more rows below", num_left));
  return document;
}

Document folded_details(const Report& report, const std::vector<Row>& rows, std::size_t count) {
  const std::vector<Row> part(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
  Document document = {
      reports::Heading{4, fmt::format("All {} tests, and how they are judged", rows.size()), true}};
  add_list(document, facts(report));
  if (!part.empty()) add_table(document, table_of(report, part));
  if (count < rows.size()) {
    add_paragraph(document, fmt::format("{} more rows", rows.size() - count));
  }
  document.emplace_back(notes(report));
  return document;
}

}  // namespace

std::string comment_marker(const Report& report) {
  std::set<std::string> scenarios;
  for (const CellResult& cell : report.cells) scenarios.insert(cell.scenario);
  std::string key = fmt::format("{}", fmt::join(scenarios, "+"));
  // A comment of HTML ends at "--".
  for (char& c : key) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '.';
    if (!is_plain) c = '_';
  }
  return fmt::format("<!-- moebench gate: {} -->", key.substr(0, kMaxMarkerLength));
}

std::string write_comment(const Report& report, std::size_t max_bytes) {
  const std::vector<Row> rows = sorted_rows(report);
  const auto text_with = [&](std::size_t count) {
    Document document = overview(report, rows);
    append(document, folded_details(report, rows, count));
    return comment_marker(report) + "\n" +
           without_mentions(print(document, reports::Format::kMarkdown));
  };
  std::size_t count = rows.size();
  std::string text = text_with(count);
  while (text.size() > max_bytes && count > 0) text = text_with(count /= 2);
  return text;
}

}  // namespace moebench::gate
