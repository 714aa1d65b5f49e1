#include <fmt/core.h>

#include <algorithm>

#include "reports/gate/outputs.h"
#include "reports/gate/rows.h"
#include "reports/write/format.h"

namespace moebench::gate {
namespace {

using reports::Document;

Document header(const Report& report) {
  Document document = {
      reports::Heading{1, fmt::format("Regression gate: {}", to_string(report.worst()))},
      reports::Paragraph{counts_text(report)}};
  add_list(document, facts(report));
  return document;
}

// The first `count` rows of all tests.
Document details(const Report& report, const std::vector<Row>& rows, std::size_t count) {
  const std::vector<Row> part(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
  Document document = {reports::Heading{2, fmt::format("All {} tests", rows.size()), true},
                       table_of(report, part)};
  if (count < rows.size()) {
    add_paragraph(document, fmt::format("{} more rows", rows.size() - count));
  }
  return document;
}

// Shows what is not PASS, and the suite's tests; of these the worst `max_rows`.
Document overview(const Report& report, const std::vector<Row>& rows, std::size_t max_rows) {
  std::vector<Row> notable;
  for (const Row& row : rows) {
    const bool is_good = row.verdict() == Verdict::kPass;
    if (!is_good || row.cell == nullptr) notable.push_back(row);
  }
  Document document = header(report);
  if (notable.size() > max_rows) {
    add_paragraph(document, fmt::format("{} more rows are in the table of all tests",
                                        notable.size() - max_rows));
    notable.resize(max_rows);
  }
  if (!notable.empty()) add_table(document, table_of(report, notable));
  document.emplace_back(notes(report));
  return document;
}

}  // namespace

Document summary_document(const Report& report) {
  const std::vector<Row> rows = sorted_rows(report);
  Document document = overview(report, rows, rows.size());
  append(document, details(report, rows, rows.size()));
  return document;
}

std::string write_summary(const Report& report, std::size_t max_bytes) {
  const std::vector<Row> rows = sorted_rows(report);
  // A tenth is kept for the header and the notes.
  const Document first = overview(report, rows, 100 + max_bytes / 2000);
  const auto text_with = [&](std::size_t count) {
    Document document = first;
    append(document, details(report, rows, count));
    return print(document, reports::Format::kMarkdown);
  };
  const std::string without = print(first, reports::Format::kMarkdown);
  const std::size_t room = max_bytes - std::min(max_bytes, without.size());
  std::size_t count = rows.size();
  std::string text = text_with(count);
  while (text.size() > max_bytes && count > 0) {
    count = count * room / (text.size() - without.size() + 1);
    text = text_with(count);
  }
  return text.size() > max_bytes ? without : text;
}

}  // namespace moebench::gate
