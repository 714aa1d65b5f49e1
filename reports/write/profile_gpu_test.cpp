#include "reports/write/profile_gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/file.h"
#include "reports/write/format.h"
#include "reports/write/profile.h"
#include "reports/write/profiles_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;
using ::testing::Not;

std::string gpu_text(const Cell& cell) {
  Document document;
  add_gpu(document, cell, 9);
  return print(document, Format::kMarkdown);
}

std::string hotspots_text(const ScenarioCells& scenario) {
  Document document;
  add_gpu_hotspots(document, scenario, 9);
  return print(document, Format::kMarkdown);
}

TEST(ProfileGpu, IsTheGoldenText) {
  const std::string path = std::string(MOEBENCH_GOLDEN_FOLDER) + "/profile_gpu.md";
  const std::string text = print(
      profile_document({test::traced("loop", 6e6), test::traced("grouped", 4.8e6)}, {.top = 3}),
      Format::kMarkdown);
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN") != nullptr) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

TEST(ProfileGpu, SumsOfRanksBecomeAStepOfOne) {
  const std::vector<CellRecord> records = {test::traced("loop", 6e6)};
  const std::string text = gpu_text(group_cells(records)[0].cells[0]);
  EXPECT_THAT(text, HasSubstr("Of a traced step of 10.0 ms a GPU was busy for 8.00 ms (80.0 %)"));
  EXPECT_THAT(text, HasSubstr("for 1.00 ms (10.0 %)"));
  EXPECT_THAT(text, HasSubstr("|  16.0 |          6.00 |         375 | cutlass::Kernel2"));
  EXPECT_THAT(text, HasSubstr("| host_to_device |  2.00 | 4.00 |         0.200 | 20.0 |"));
  EXPECT_THAT(text, Not(HasSubstr("lost")));
  EXPECT_THAT(text, Not(HasSubstr("Device memory")));
}

TEST(ProfileGpu, SaysWhatWasLostAndWhatWasTaken) {
  std::vector<CellRecord> records = {test::traced("loop", 6e6)};
  test::set_sum(records[0], "gpu_dropped_records", "1", 3);
  test::set_sum(records[0], "gpu_allocations", "1", 1.5);
  test::set_sum(records[0], "gpu_allocated_bytes", "bytes", 2e6);
  const std::string text = gpu_text(group_cells(records)[0].cells[0]);
  EXPECT_THAT(text, HasSubstr("**6 records were lost: GPU times are too small.**"));
  EXPECT_THAT(text, HasSubstr("taken from the driver 3.00 times a step, 4.00 MB"));
}

TEST(ProfileGpu, OfAGpuThatDidNothingHasNoKernels) {
  std::vector<CellRecord> records = {test::traced("loop", 6e6)};
  std::erase_if(records[0].metrics, [](const auto& metric) {
    return metric.first.starts_with("gpu_activity_") || metric.first.starts_with("gpu_copy_");
  });
  for (const char* name : {"gpu_busy_time", "gpu_idle_time"})
    test::set_mean(records[0], name, "ns", 0);
  const auto scenarios = group_cells(records);
  EXPECT_EQ(hotspots_text(scenarios[0]), "");
  EXPECT_THAT(gpu_text(scenarios[0].cells[0]), Not(HasSubstr("GPU kernels")));
}

TEST(ProfileGpu, IsNoneWithoutATrace) {
  std::vector<CellRecord> records = {test::traced("loop", 6e6)};
  records[0].metrics.erase("gpu_busy_time");
  const auto scenarios = group_cells(records);
  EXPECT_EQ(hotspots_text(scenarios[0]), "");
  EXPECT_EQ(gpu_text(scenarios[0].cells[0]), "");
}

}  // namespace
}  // namespace moebench::reports
