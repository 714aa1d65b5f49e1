#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/golden_testing.h"
#include "reports/write/csv_testing.h"
#include "reports/write/document_testing.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

using ::testing::ElementsAre;

TEST(PrintCsv, SampleIsTheGoldenText) {
  expect_golden("sample.csv", print_csv(test::sample_document(), {}));
}

TEST(PrintCsv, ReadsBackAsBaseUnits) {
  const auto rows = test::parse_csv(print_csv(test::sample_document(), {}));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_THAT(rows[0],
              ElementsAre("section", "arm", "mem_peak (bytes)", "percall (ns)", "percall 2 (ns)",
                          "runtime gain", "result", "size", "bus (bytes/s)"));
  EXPECT_THAT(rows[1], ElementsAre("Quick\nstart", "fsdp|loop", "54800000000", "1500000",
                                   "0.30000000000000004", "1", "ok", "", ""));
  EXPECT_THAT(rows[2], ElementsAre("Quick\nstart", "say \"ep\",\nloudly", "", "", "2000000", "4.04",
                                   "out_of_memory", "", ""));
  EXPECT_THAT(rows[3],
              ElementsAre("Quick\nstart / Rates", "", "", "", "", "", "", "8 KiB", "500000000"));
}

TEST(PrintCsvWide, NamesNoSectionWhereThereIsOneTable) {
  Table table = {key_column("arm"), number_column("mem_peak", {"bytes", "GB", 1e9})};
  add_row(table, {"ep", 1e9});
  const auto rows = test::parse_csv(print_csv_wide({Heading{2, "s"}, table}, {}));
  EXPECT_THAT(rows,
              ElementsAre(ElementsAre("arm", "mem_peak (bytes)"), ElementsAre("ep", "1000000000")));
  EXPECT_EQ(test::parse_csv(print_csv_wide(test::sample_document(), {}))[0][0], "section");
}

TEST(PrintCsvWide, WordsAreNoFormulas) {
  Table table = {key_column("=arm"), number_column("gain", kChange)};
  for (const char* words : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a=b", ""}) {
    add_row(table, {words, -0.5});
  }
  const auto rows = test::parse_csv(print_csv_wide({table}, {}));
  std::vector<std::string> words;
  for (const auto& row : rows) words.push_back(row[0]);
  EXPECT_THAT(words,
              ElementsAre("'=arm", "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "a=b", ""));
  EXPECT_EQ(rows[1][1], "-0.5") << "a number is no word";
}

TEST(PrintCsv, WithoutTablesIsTheHeader) {
  EXPECT_EQ(print_csv({Paragraph{"nothing"}}, {}), "\"section\"\n");
}

}  // namespace
}  // namespace moebench::reports
