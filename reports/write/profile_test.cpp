#include "reports/write/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "reports/write/format.h"
#include "reports/write/profile_values.h"
#include "reports/write/profiles_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;
using ::testing::Not;

std::string profile_markdown(const std::vector<CellRecord>& records,
                             const ProfileOptions& options = {}) {
  return print(profile_document(records, options), Format::kMarkdown);
}

TEST(Profile, IsTheGoldenText) {
  const std::string path = std::string(MOEBENCH_GOLDEN_FOLDER) + "/profile.md";
  const std::string text =
      profile_markdown({test::profiled("loop"), test::profiled("grouped")}, {.top = 2});
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN") != nullptr) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

TEST(Profile, AddsUpAndNamesTheStraggler) {
  const std::string text = profile_markdown({test::profiled("loop")});
  EXPECT_THAT(text, HasSubstr("Most of it is rank 1's: 2.00 of 2.10 ms a step"));
  EXPECT_THAT(text, HasSubstr("phases +1.0 %, ops +10.0 %"));
  EXPECT_THAT(text, HasSubstr("The peak, 9.00 MB, came in experts_backward"));
  // 4 steps, 2 ranks, 10 ms own time and 1.1 times as much on rank 1.
  EXPECT_THAT(text, HasSubstr("All 3 rows' tottime: 0.0840 s of the 0.0880 s"));
}

TEST(Profile, LeavesOutWhatWasNotProfiled) {
  CellRecord plain = test::profiled("loop");
  plain.metrics.erase("profiled_steps");
  CellRecord failed = test::profiled("grouped");
  failed.disposition = record::Disposition::kCrashed;
  EXPECT_THROW(profile_document({plain, failed}, {}), Error);
  CellRecord phases = test::profiled("grouped");
  std::erase_if(phases.metrics, [](const auto& metric) {
    return metric.first.starts_with("op_") || metric.first.starts_with("moved_");
  });
  const std::string text = profile_markdown({plain, phases});
  EXPECT_THAT(text, HasSubstr("#### Phases"));
  EXPECT_THAT(text, Not(HasSubstr("Hotspots")));
  EXPECT_THAT(text, Not(HasSubstr("Operations")));
}

TEST(Profile, RowsAreTotalsOfAllStepsAndRanks) {
  const std::vector<CellRecord> records = {test::profiled("loop")};
  const auto rows = operation_rows(group_cells(records)[0].cells[0]);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].function, "aten::mm");
  EXPECT_EQ(rows[0].phase, "experts");
  EXPECT_EQ(rows[0].calls, 4 * 60);
  EXPECT_EQ(rows[0].primitive_calls, 4 * 50);
  EXPECT_EQ(rows[0].slowest_rank, 1u);
  EXPECT_EQ(rows[2].function, "");
}

TEST(Profile, SortsCollectivesBySizeOfMessage) {
  CellRecord record = test::profiled("loop");
  for (const std::string size : {"1KiB", "1MiB", "512B", "2GiB"}) {
    test::set_sum(record, "collective.all_gather." + size + ".calls", "1", 1);
    test::set_sum(record, "collective.all_reduce." + size + ".calls", "1", 1);
  }
  const std::vector<CellRecord> records = {record};
  std::string sizes;
  for (const CollectiveRow& row : collective_rows(group_cells(records)[0].cells[0])) {
    sizes += row.kind + " " + row.size + ", ";
  }
  EXPECT_EQ(sizes,
            "all_gather 512B, all_gather 1KiB, all_gather 1MiB, all_gather 32MiB, all_gather 2GiB, "
            "all_reduce 512B, all_reduce 1KiB, all_reduce 1MiB, all_reduce 2GiB, ");
}

}  // namespace
}  // namespace moebench::reports
