#include "reports/write/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::reports {
namespace {

using ::testing::ElementsAre;

TEST(Table, ANumberKeepsItsValueBesideItsText) {
  Column column = number_column("mem_peak", kMegabytes);
  column.add(310.2e6);
  column.add(Entry());
  column.add({2e6, "about two"});
  EXPECT_EQ(column.heading(), "mem_peak (MB)");
  EXPECT_EQ(column.entries[0].text, "310");
  EXPECT_EQ(std::get<double>(column.entries[0].value), 310.2e6);
  EXPECT_EQ(column.entries[1].text, kNone);
  EXPECT_TRUE(column.entries[1].is_missing());
  EXPECT_EQ(column.entries[2].text, "about two");
}

TEST(Table, IsMeasuredWhereAnyEntryHasAValue) {
  Column column = number_column("n");
  EXPECT_FALSE(column.is_measured());
  column.add(Entry());
  EXPECT_FALSE(column.is_measured());
  column.add(0.0);
  EXPECT_TRUE(column.is_measured());
}

TEST(Table, ColumnsOfOneTitleGetNamesOfTheirOwn) {
  EXPECT_THAT(keys_of({number_column("percall"), number_column("ms", kMilliseconds, "time"),
                       number_column("percall")}),
              ElementsAre("percall", "time", "percall 2"));
}

}  // namespace
}  // namespace moebench::reports
