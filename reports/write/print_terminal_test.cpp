#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/golden_testing.h"
#include "reports/write/document_testing.h"
#include "reports/write/plain_text.h"
#include "reports/write/printers.h"
#include "reports/write/records_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PrintTerminal, SampleIsTheGoldenText) {
  expect_golden("sample.txt", print_terminal(test::sample_document(), {.width = 40}));
}

TEST(PrintTerminal, ReportIsTheGoldenText) {
  expect_golden("quickstart.txt", print_terminal(report_document(test::quickstart()), {80}));
}

TEST(PrintTerminal, KeepsToTheWidth) {
  const Document documents[] = {test::sample_document(), report_document(test::quickstart())};
  for (const Document& document : documents) {
    for (const std::size_t width : {40, 60, 80, 132}) {
      for (const std::string& line : lines_of(print_terminal(document, {width}))) {
        EXPECT_LE(text_width(line), width) << line;
      }
    }
  }
}

TEST(PrintTerminal, WithoutAWidthEveryRowIsALine) {
  Table table = {key_column("cell"), number_column("a long title"), words_column("note")};
  add_row(table, {"x", 1.0, std::string(200, 'y')});
  EXPECT_EQ(print_terminal({table}, {}),
            "cell  a long title  note\nx             1.00  " + std::string(200, 'y') + "\n");
}

TEST(PrintTerminal, ATableThatIsTooWideGoesOnBelowWithItsKeys) {
  Table table = {key_column("cell"), number_column("first"), number_column("second"),
                 number_column("third")};
  add_row(table, {"x", 1.0, 2.0, 3.0});
  EXPECT_EQ(print_terminal({table}, {.width = 20}),
            "cell  first  second\n"
            "x      1.00    2.00\n"
            "\n"
            "cell  third\n"
            "x      3.00\n");
}

TEST(PrintTerminal, ObeysNoControlCharacters) {
  const std::string text = print_terminal(test::sample_document(), {});
  EXPECT_THAT(text, HasSubstr("\\x1b[31mred"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

Document with_folded() {
  Document document = {Heading{2, "Shown"}};
  Column gain = number_column("gain");
  gain.add(Entry(1.5, "1.50x"));
  gain.entries.back().tone = Tone::kGood;
  add_table(document, {gain});
  document.emplace_back(Heading{3, "Memory", true});
  add_paragraph(document, "hidden");
  document.emplace_back(Heading{2, "Next"});
  return document;
}

TEST(PrintTerminal, NamesFoldedSectionsThatItLeavesOut) {
  const std::string text = print_terminal(with_folded(), {.shows_folded = false});
  EXPECT_THAT(text, Not(HasSubstr("hidden")));
  EXPECT_THAT(text, HasSubstr("Next\n====\n\n--wide shows more: Memory\n"));
  EXPECT_THAT(print_terminal(with_folded(), {}), HasSubstr("hidden"));
}

TEST(PrintTerminal, ColoursAreOutsideTheWidth) {
  EXPECT_THAT(print_terminal(with_folded(), {.has_colours = true}),
              HasSubstr("\x1b[1m gain\x1b[0m\n\x1b[32m1.50x\x1b[0m\n"));
  EXPECT_THAT(print_terminal(with_folded(), {}), HasSubstr("\n gain\n1.50x\n"));
}

}  // namespace
}  // namespace moebench::reports
