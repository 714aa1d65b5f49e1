#include "reports/write/breakdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/records_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string markdown_of(std::vector<record::CellRecord> records) {
  return write_report(std::move(records), {});
}

TEST(Breakdown, ShowsHiddenCommunicationBesideTheStepsSum) {
  auto records = test::quickstart();
  EXPECT_THAT(markdown_of(records), Not(HasSubstr("hidden")));
  for (record::CellRecord& record : records) {
    record.metrics["hidden_time_gather"] = {.unit = "ns", .value = 7.5e6};
  }
  const std::string text = markdown_of(records);
  EXPECT_THAT(text, HasSubstr("| hidden gather "));
  EXPECT_THAT(text, HasSubstr("7.50"));
  EXPECT_THAT(text, Not(HasSubstr("hidden reduce")));
  EXPECT_THAT(text, HasSubstr("which is no part of the step's sum"));
}

}  // namespace
}  // namespace moebench::reports
