#include "reports/gate/outputs.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/golden_testing.h"
#include "reports/gate/names.h"
#include "reports/gate/test_session.h"

namespace moebench::gate {
namespace {

using test::TestSession;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Holds one cell of every kind, with names that need escaping.
Report all_kinds() {
  TestSession session;
  session.input.session.base = "build <a>";
  session.add_cell("fast", -30);
  session.add_cell("same", 0);
  session.add_cell("slow & slower", 20);
  session.plan("noisy");
  for (const double ns : {100e6, 120e6, 80e6, 110e6}) session.add("noisy", 100e6, ns);
  session.plan("broken");
  auto [base, broken] = session.add("broken", 100e6, 100e6);
  broken->disposition = record::Disposition::kOutOfMemory;
  broken->message = "rank 1: cannot allocate \"1 TB\"\nmore";
  session.plan("absent");
  session.plan("known");
  auto [known_base, known] = session.add("known", 100e6, 100e6);
  known->disposition = record::Disposition::kCrashed;
  known->message = "signal 9";
  known->known_failure = record::KnownFailure{"too large here", "2030-12-31"};
  session.plan("larger");
  for (int i = 0; i < 4; ++i) {
    session.add("larger", 100e6, 100e6).second->metrics["mem_peak"].value = 33e6;
  }
  session.add("stranger", 100e6, 100e6);
  auto [one, other] = session.add("same", 100e6, 300e6);
  other->metrics["other_cores"] = {.unit = "1", .value = 1.5};
  return session.judge();
}

TEST(Outputs, EveryKindAsMarkdown) { expect_golden("summary.md", write_summary(all_kinds())); }

TEST(Outputs, EveryKindAsAnnotations) {
  expect_golden("annotations.txt", write_annotations(all_kinds()));
}

TEST(Outputs, EveryKindAsJunit) { expect_golden("junit.xml", write_junit(all_kinds())); }

TEST(Outputs, EveryKindAsComment) { expect_golden("comment.md", write_comment(all_kinds())); }

TEST(Outputs, ACommentSaysFirstWhatMatters) {
  TestSession session;
  session.add_cell("a", 0);
  EXPECT_THAT(
      write_comment(session.judge()),
      StartsWith("<!-- moebench gate: quick -->\n### moebench: PASS\n\n**no slowdown of +5 %, "
                 "no more memory, the same losses in 1 cells**"));
  session.add_cell("b", -20);
  EXPECT_THAT(
      write_comment(session.judge()),
      AllOf(HasSubstr("### moebench: IMPROVED"), HasSubstr("**step_time is 20.0 % better ["),
            HasSubstr("in quick kernel=b; nothing is worse**")));
  session.add_cell("c", 20);
  session.add_cell("d", 20);
  EXPECT_THAT(write_comment(session.judge()), AllOf(HasSubstr("### moebench: REGRESSED"),
                                                    HasSubstr("**step_time is 20.0 % worse ["),
                                                    HasSubstr("(and 1 more REGRESSED)**")));
}

TEST(Outputs, ACommentOnWhatCannotBeToldSaysWhatIsMissing) {
  TestSession session;
  session.plan("noisy");
  for (const double ns : {100e6, 140e6, 70e6, 120e6}) session.add("noisy", 100e6, ns);
  EXPECT_THAT(write_comment(session.judge()),
              AllOf(HasSubstr("**there is no telling yet whether step_time got worse in quick: "),
                    HasSubstr(" pairs more would decide**")));
}

TEST(Outputs, ACommentHasTenRowsAndItsBytes) {
  TestSession session;
  for (int i = 0; i < 60; ++i) session.add_cell(fmt::format("cell{}", i), 20);
  const Report report = session.judge();
  const std::string text = write_comment(report);
  const std::string shown = text.substr(0, text.find("<details>"));
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 1 + 2 + 2 + 2 + 2 + 10 + 1 + 2);
  EXPECT_THAT(shown, HasSubstr("51 more rows below"));
  EXPECT_LE(write_comment(report, 9000).size(), 9000U);
}

TEST(Outputs, ACommentMentionsNobody) {
  TestSession session;
  session.plan("broken");
  session.input.session.cells.back().scenario = "a --> b";
  session.add("broken", 100e6, 100e6).second->disposition = record::Disposition::kCrashed;
  session.input.records.back().message = "@octocat broke #12; <!-- | `x` &#64;";
  const std::string text = write_comment(session.judge());
  EXPECT_THAT(text, StartsWith("<!-- moebench gate: a_____b -->\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("@<!-- -->octocat broke #<!-- -->12"),
                          HasSubstr("&lt;!-- \\| \\`x\\` &amp;")));
}

TEST(Outputs, APassIsShortAndAnnotatesNothing) {
  TestSession session;
  session.add_cell("a", 0);
  session.add_cell("b", 0);
  const Report report = session.judge();
  EXPECT_THAT(write_summary(report),
              AllOf(StartsWith("# Regression gate: PASS\n\n2 cells: 2 PASS."),
                    HasSubstr("<summary>All 7 tests</summary>")));
  EXPECT_EQ(write_annotations(report), "");
  EXPECT_THAT(write_junit(report), Not(HasSubstr("message=")));
}

TEST(Outputs, AnnotationsNameScenarioAndAxes) {
  TestSession session;
  session.add_cell("a", 0);
  session.plan("b");
  session.input.session.cells.back().scenario = "english";
  EXPECT_THAT(write_annotations(session.judge()),
              StartsWith("::error title=MISSING%3A english kernel=b::english kernel=b: "));
  EXPECT_THAT(write_junit(session.judge()), HasSubstr("classname=\"english kernel=b\""));
}

TEST(Outputs, AnAnnotationOfAllCellsNamesTheirScenarios) {
  TestSession session;
  for (const char* cell : {"a", "b", "c"}) session.add_cell(cell, 20);
  EXPECT_THAT(write_annotations(session.judge()),
              HasSubstr("::error title=REGRESSED%3A all 3 cells of quick::all 3 cells of quick "
                        "step_time: "));
}

TEST(Outputs, TextOfOthersIsNoMarkAndNoCommand) {
  TestSession session;
  session.plan("broken");
  session.add("broken", 100e6, 100e6).second->disposition = record::Disposition::kCrashed;
  session.input.records.back().message = "50%, <b> & \"c\"\x1b[31m\xff::x";
  const Report report = session.judge();
  EXPECT_THAT(write_junit(report),
              HasSubstr("50%, &lt;b&gt; &amp; &quot;c&quot;\\x1b[31m\\xff::x"));
  EXPECT_THAT(write_annotations(report), HasSubstr("50%25, <b> & \"c\"\\x1b[31m\\xff::x\n"));
  EXPECT_THAT(write_summary(report), HasSubstr("50%, &lt;b&gt; &amp; \"c\"\\\\x1b[31m\\\\xff::x"));
}

TEST(Outputs, AnnotationsKeepWithinTen) {
  TestSession session;
  for (int i = 0; i < 13; ++i) session.add_cell(fmt::format("cell{}", i), 20 + i);
  const std::string text = write_annotations(session.judge());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_THAT(text, StartsWith("::error title=REGRESSED%3A quick kernel=cell12::"));
  EXPECT_THAT(text, EndsWith("::error title=5 more::5 more; the job's summary lists all\n"));
}

TEST(Outputs, ASummaryKeepsWithinItsBytes) {
  TestSession session;
  for (int i = 0; i < 60; ++i) session.add_cell(fmt::format("cell{}", i), 0);
  const Report report = session.judge();
  const std::string whole = write_summary(report);
  const std::string cut = write_summary(report, 8000);
  EXPECT_GT(whole.size(), 8000U);
  EXPECT_LE(cut.size(), 8000U);
  EXPECT_THAT(cut, AllOf(HasSubstr(" more rows\n"), EndsWith("</details>\n")));
  EXPECT_LE(write_summary(report, 1500).size(), 1500U);
}

TEST(Outputs, ValuesHaveTheirUnits) {
  EXPECT_EQ(value_text(44.3e6, "ns"), "44.3 ms");
  EXPECT_EQ(value_text(2.5e9, "ns"), "2.50 s");
  EXPECT_EQ(value_text(26.8e6, "bytes"), "26.8 MB");
  EXPECT_EQ(value_text(12345, "tokens"), "12345 tokens");
  EXPECT_EQ(value_text(1.25, "1"), "1.25");
  EXPECT_EQ(value_text(std::nullopt, "ns"), "—");
}

}  // namespace
}  // namespace moebench::gate
