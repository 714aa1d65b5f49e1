#include <gtest/gtest.h>

#include "reports/write/document_testing.h"
#include "reports/write/golden_testing.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

std::string markdown(const Document& document) { return print_markdown(document, {}); }

TEST(PrintMarkdown, SampleIsTheGoldenText) {
  test::expect_golden("sample.md", markdown(test::sample_document()));
}

TEST(PrintMarkdown, PadsItsColumns) {
  Table table = {key_column("axis"), number_column("n")};
  add_row(table, {"fsdp", Entry()});
  add_row(table, {"ep", 10.25});
  EXPECT_EQ(markdown({table}),
            "| axis |    n |\n"
            "| ---- | ---: |\n"
            "| fsdp |    — |\n"
            "| ep   | 10.2 |\n");
}

TEST(PrintMarkdown, EscapesBarsAndLineBreaks) {
  Table table = {key_column("a|b")};
  add_row(table, {"1|2\n3"});
  EXPECT_EQ(markdown({table}),
            "| a\\|b   |\n"
            "| ------ |\n"
            "| 1\\|2 3 |\n");
}

TEST(PrintMarkdown, FoldsASectionUpToTheNextOfItsLevel) {
  EXPECT_EQ(markdown({Heading{2, "all", true}, Paragraph{"x"}, Heading{3, "part"}, Paragraph{"y"},
                      Heading{2, "next"}}),
            "<details>\n<summary>all</summary>\n\nx\n\n### part\n\ny\n\n</details>\n\n## next\n");
}

TEST(PrintMarkdown, OfNothingIsEmpty) {
  EXPECT_EQ(markdown({}), "");
  EXPECT_EQ(markdown({Table{}}), "");
}

}  // namespace
}  // namespace moebench::reports
