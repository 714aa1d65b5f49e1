#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/golden_testing.h"
#include "reports/write/document_testing.h"
#include "reports/write/latex_text.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

using ::testing::HasSubstr;

TEST(PrintLatex, SampleIsTheGoldenText) {
  expect_golden("sample.tex", print_latex(test::sample_document(), {}));
}

TEST(PrintLatex, NumbersStandAtTheirPoints) {
  Table table = {key_column("arm"), number_column("gain", kChange), number_column("n", kCount),
                 number_column("range")};
  add_row(table, {"a", -0.17, 12.0, "-1 %..+2 %"});
  add_row(table, {"b", Entry(0.0, "reference"), 3.0, Entry()});
  const std::string text = print_latex({table}, {});
  EXPECT_THAT(text, HasSubstr("\\begin{tabular}{@{}lr@{}lr@{}lr@{}}"));
  EXPECT_THAT(text, HasSubstr("a & $-$17 & .0 \\% & 12 &  & -1 \\%..+2 \\% \\\\\n"));
  EXPECT_THAT(text, HasSubstr("b & \\multicolumn{2}{r}{reference} & 3 &  & \\textemdash{} \\\\\n"));
}

TEST(PrintLatex, AWideTableGoesOnBelowWithItsKeys) {
  Table table = {key_column("arm")};
  for (int i = 0; i < 12; ++i) table.push_back(number_column("a column of numbers"));
  std::vector<Entry> row = {"ep"};
  row.resize(13, 1.0);
  add_row(table, row);
  const std::string text = print_latex({table}, {});
  std::size_t parts = 0;
  for (std::size_t at = 0; (at = text.find("\nep & ", at)) != std::string::npos; ++at) ++parts;
  EXPECT_EQ(parts, 3u);
}

TEST(LatexText, IsShownAsItStands) {
  EXPECT_EQ(latex_text("a_b & 5 % of $x {y} #1 ~^\\"),
            "a\\_b \\& 5 \\% of \\$x \\{y\\} \\#1 \\textasciitilde{}\\textasciicircum{}"
            "\\textbackslash{}");
  EXPECT_EQ(latex_text("--x [1]*\n\"'`"), "-{}-x {[}1{]}{*} {\\char34}'{\\char96}");
  EXPECT_EQ(latex_text("Δ · é 中\x1b"),
            "$\\Delta$ \\textperiodcentered{} é {[}U+4E2D{]}"
            "\\textbackslash{}x1b");
  EXPECT_EQ(latex_text("\xff"), "\\textbackslash{}xff");
}

}  // namespace
}  // namespace moebench::reports
