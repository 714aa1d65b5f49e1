#include "reports/write/excerpt.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/base/file.h"
#include "reports/write/profiles_testing.h"
#include "reports/write/records_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::CellRecord;

CellRecord with_rates(CellRecord record, double loss) {
  record.workload = "w";
  record.metrics["gemm_flops_per_second"] = {
      .unit = "FLOP/s", .value = 5e10, .per_rank = {5e10, 4e10}};
  record.metrics["model_flops_per_second"] = {.unit = "FLOP/s", .value = 2e10};
  record.metrics["gemm_share"] = {.unit = "1", .value = 0.4};
  record.metrics["loss"] = {.unit = "1", .value = loss, .samples = {loss + 1, loss}};
  record.environment["driver_load_average_at_start"] = std::to_string(loss);
  return record;
}

// Reports are tested by records that are made in memory; what the command reads must give the same.
TEST(ReportExcerpt, HoldsAllThatReportsShow) {
  std::vector<CellRecord> arms = test::quickstart();
  for (CellRecord& record : arms) record = with_rates(record, record.id[0] == 'b' ? 5.5 : 5.4321);
  const auto folder = std::filesystem::path(::testing::TempDir()) / "moebench_report_excerpt";
  for (const auto& records :
       {arms, test::fms_records(), test::loads(), test::awkward_records(),
        std::vector<CellRecord>{test::profiled("loop"), test::traced("grouped", 5e6)}}) {
    std::filesystem::create_directories(folder);
    std::string lines;
    for (const CellRecord& record : records) lines += record::to_json_line(record) + "\n";
    write_file_atomically(folder / "results.jsonl", lines);
    const auto excerpts = record::load_excerpts(folder, report_excerpt());
    EXPECT_LT(excerpts.front().metrics.size(), records.front().metrics.size());
    for (const FormatRow& format : formats()) {
      if (format.value == Format::kSvg) continue;  // a report's text has no picture
      EXPECT_EQ(write_report(excerpts, {.format = format.value}),
                write_report(records, {.format = format.value}))
          << format.name;
    }
    EXPECT_EQ(print(fms_table_document(excerpts), Format::kMarkdown),
              print(fms_table_document(records), Format::kMarkdown));
    std::filesystem::remove_all(folder);
  }
}

}  // namespace
}  // namespace moebench::reports
