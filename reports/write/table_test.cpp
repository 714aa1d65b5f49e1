#include "reports/write/table.h"

#include <gtest/gtest.h>

namespace moebench::reports {
namespace {

TEST(Table, PadsItsColumns) {
  const Table table = {{"axis", Align::kLeft, {"fsdp", "ep"}},
                       {"n", Align::kRight, {"—", "10.25"}}};
  EXPECT_EQ(to_markdown(table),
            "| axis |     n |\n"
            "| ---- | ----: |\n"
            "| fsdp |     — |\n"
            "| ep   | 10.25 |\n");
}

TEST(Table, EscapesBarsAndLineBreaks) {
  EXPECT_EQ(to_markdown({{"a|b", Align::kLeft, {"1|2\n3"}}}),
            "| a\\|b   |\n"
            "| ------ |\n"
            "| 1\\|2 3 |\n");
}

TEST(Table, MayBeEmpty) { EXPECT_EQ(to_markdown({}), ""); }

}  // namespace
}  // namespace moebench::reports
