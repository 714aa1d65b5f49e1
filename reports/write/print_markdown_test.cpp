#include <gtest/gtest.h>

#include "harness/testing/golden_testing.h"
#include "reports/write/document_testing.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

std::string markdown(const Document& document) { return print_markdown(document, {}); }

TEST(PrintMarkdown, SampleIsTheGoldenText) {
  expect_golden("sample.md", markdown(test::sample_document()));
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

std::string in_cell(const std::string& text) {
  Table table = {key_column("t")};
  add_row(table, {text});
  std::string line = markdown({table});
  line = line.substr(line.rfind("\n| ") + 3);
  return line.substr(0, line.find_last_not_of(" |\n") + 1);
}

std::string in_list(const std::string& text) { return markdown({List{{{text}}}}); }

TEST(PrintMarkdown, ShowsWhatWouldBeMarks) {
  EXPECT_EQ(in_cell("no vector<long> for <unknown function>, *see* the log"),
            "no vector&lt;long&gt; for &lt;unknown function&gt;, \\*see\\* the log");
  EXPECT_EQ(in_cell("&lt; & `code` ~~gone~~ $x$ c:\\d"),
            "&amp;lt; &amp; \\`code\\` \\~\\~gone\\~\\~ \\$x\\$ c:\\\\d");
  EXPECT_EQ(in_cell("mem_peak of __init__ and _x_"), "mem_peak of \\_\\_init\\_\\_ and \\_x\\_");
  EXPECT_EQ(in_cell("[+1 %, +2 %] ![a](http://b) [c][d]"),
            "[+1 %, +2 %] ![a\\](http\\://b) [c\\][d]");
  EXPECT_EQ(in_cell("www.x.y [^1] a.b"), "www\\.x.y \\[^1] a.b");
  EXPECT_EQ(in_cell("\x1b[31mred\xff"), "\\\\x1b[31mred\\\\xff");
  EXPECT_EQ(in_cell("-3.0 %"), "-3.0 %") << "a cell begins no block";
}

TEST(PrintMarkdown, NoTextBeginsABlock) {
  EXPECT_EQ(in_list("# a"), "- \\# a\n");
  EXPECT_EQ(in_list("- a"), "- \\- a\n");
  EXPECT_EQ(in_list("    a"), "- a\n") << "no code";
  EXPECT_EQ(in_list("[x] a"), "- \\[x] a\n") << "no box to tick";
  EXPECT_EQ(in_list("12. a"), "- 12\\. a\n");
  EXPECT_EQ(in_list("1.5 times"), "- 1.5 times\n");
  EXPECT_EQ(in_list("> a"), "- &gt; a\n");
  EXPECT_EQ(in_list("::error::a"), "- \\::error::a\n") << "no command of GitHub's";
  EXPECT_EQ(in_list("a\n# b"), "- a # b\n");
  EXPECT_EQ(markdown({Paragraph{"a\nb\n"}}), "a\\\nb\n");
  EXPECT_EQ(markdown({Paragraph{"a\n===\n---"}}), "a\\\n\\===\\\n\\---\n") << "lines, not headings";
  EXPECT_EQ(markdown({Heading{2, "a <b> ##"}, Heading{2, "C#"}}), "## a &lt;b&gt; #\\#\n\n## C#\n");
  EXPECT_EQ(markdown({Paragraph{" a\t\n ", true}}), "**a**\n");
  EXPECT_EQ(markdown({Heading{2, "a_b *c* <i>", true}}),
            "<details>\n<summary>a_b *c* &lt;i&gt;</summary>\n\n</details>\n")
      << "there it is HTML alone";
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
