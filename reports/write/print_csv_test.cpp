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

TEST(PrintCsv, WithoutTablesIsTheHeader) {
  EXPECT_EQ(print_csv({Paragraph{"nothing"}}, {}), "\"section\"\n");
}

}  // namespace
}  // namespace moebench::reports
