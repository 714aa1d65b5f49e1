#include "reports/write/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "harness/base/error.h"
#include "reports/write/csv_testing.h"
#include "reports/write/document_testing.h"
#include "reports/write/profile.h"
#include "reports/write/profiles_testing.h"
#include "reports/write/records_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using ::testing::HasSubstr;

std::map<std::string, Document> layouts() {
  return {{"report", report_document(test::quickstart())},
          {"report of loads", report_document(test::loads())},
          {"report of awkward records", report_document(test::awkward_records())},
          {"fms table", fms_table_document(test::quickstart())},
          {"profile", profile_document({test::profiled("loop"), test::profiled("grouped")}, {})},
          {"profile on a GPU", profile_document({test::traced("loop", 6e6)}, {})},
          {"load profiles", load_profiles_document(test::loads())},
          {"machine", machine_document(test::machine())}};
}

std::size_t rows_in(const Document& document) {
  std::size_t rows = 0;
  for (const Block& block : document) {
    if (const auto* table = std::get_if<Table>(&block)) rows += num_rows(*table);
  }
  return rows;
}

TEST(Format, NamesReadBack) {
  for (const FormatRow& row : formats()) {
    EXPECT_EQ(format_from_string(to_string(row.value)), row.value);
  }
}

TEST(Format, AnUnknownOneIsAnErrorThatListsThem) {
  try {
    format_from_string("docx");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'docx' is no format of reports; use one of markdown, "));
  }
}

TEST(Format, EveryLayoutPrintsInEveryFormat) {
  for (const auto& [name, document] : layouts()) {
    ASSERT_GT(rows_in(document), 0u) << name;
    for (const FormatRow& row : formats()) {
      if (row.value == Format::kSvg) continue;  // these have no figures
      const std::string text = print(document, row.value, {.width = 80});
      EXPECT_GT(text.size(), 100u) << name << " as " << row.name;
      EXPECT_EQ(text.back(), '\n') << name << " as " << row.name;
    }
  }
}

TEST(Format, EveryRowOfALayoutIsARowOfItsCsv) {
  for (const auto& [name, document] : layouts()) {
    for (const Format format : {Format::kCsv, Format::kCsvWide}) {
      const auto rows = test::parse_csv(print(document, format));
      EXPECT_EQ(rows.size(), rows_in(document) + 1) << name;
      for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size()) << name;
    }
  }
}

// Text of others at every place of a document, with what the formats would obey.
Document hostile_document() {
  const std::string words =
      "</td><script>|`\\end{tabular}&%$#_{}~^ \"=1+1\"\n\r\t\x1b[2J\xff**[a](b)";
  Table table = {key_column(words), words_column("=" + words), number_column("n")};
  add_row(table, {words, "=" + words, Entry(1.0, words)});
  Document document = {Heading{2, words}, Paragraph{words, true}, table};
  document.emplace_back(List{{{words}, {words, 3}}});
  return document;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t num = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++num;
  return num;
}

TEST(Format, NoFormatObeysTheText) {
  const Document document = hostile_document();
  for (const FormatRow& row : formats()) {
    if (row.value == Format::kSvg) continue;  // it has no picture
    const std::string text = print(document, row.value);
    if (row.value == Format::kCsv || row.value == Format::kCsvWide) {
      EXPECT_EQ(test::parse_csv(text).size(), 2u) << "words as they stand: " << row.name;
      continue;
    }
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << row.name;
    EXPECT_EQ(text.find('\r'), std::string::npos) << row.name;
  }
  EXPECT_EQ(print(document, Format::kMarkdown).find("<script"), std::string::npos);
  EXPECT_EQ(print(document, Format::kHtml).find("<script"), std::string::npos);
  const std::string latex = print(document, Format::kLatex);
  EXPECT_EQ(count(latex, "\\end{tabular}"), count(latex, "\\begin{tabular}"));
  EXPECT_EQ(count(latex, "\\begin{itemize}"), count(latex, "\\end{itemize}"));
  // Every brace that is no character of the text's closes.
  EXPECT_EQ(count(latex, "{") - count(latex, "\\{"), count(latex, "}") - count(latex, "\\}"));
}

TEST(Format, ProgramsGetNamesOfTheirOwnForColumns) {
  for (const auto& [name, document] : layouts()) {
    for (const Block& block : document) {
      const auto* table = std::get_if<Table>(&block);
      if (table == nullptr) continue;
      for (std::size_t i = 0; i < table->size(); ++i) {
        EXPECT_EQ(keys_of(*table)[i], (*table)[i].key()) << name << ": named twice";
      }
    }
  }
}

}  // namespace
}  // namespace moebench::reports
