#include "reports/write/profile_gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/file.h"
#include "reports/write/profile.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;
using ::testing::Not;

// Two ranks with the same values; the headline is their sum or mean, as the merge of ranks makes
// it.
void set_sum(CellRecord& r, const std::string& name, const char* unit, double value) {
  r.metrics[name] = {.unit = unit, .value = 2 * value, .per_rank = {value, value}};
}

void set_mean(CellRecord& r, const std::string& name, const char* unit, double value) {
  r.metrics[name] = {.unit = unit, .value = value, .per_rank = {value, value}};
}

void set_activity(CellRecord& r, const std::string& name, double calls, double time_ns) {
  set_sum(r, "gpu_activity_calls." + name, "1", calls);
  set_sum(r, "gpu_activity_time." + name, "ns", time_ns);
}

CellRecord traced(const std::string& kernel, double gemm_ns) {
  CellRecord r;
  r.id = kernel;
  r.scenario = "small";
  r.axes = {{"expert_kernel", kernel}, {"ranks", "2"}};
  r.metrics["profiled_steps"] = {.unit = "1", .value = 4};
  for (const char* level : {"plain", "phases", "gpu"}) {
    set_mean(r, std::string("profile_") + level + "_step_time", "ns", 10e6);
  }
  set_mean(r, "profile_phase.experts", "ns", 10e6);
  set_mean(r, "gpu_busy_time", "ns", 8e6);
  set_mean(r, "gpu_idle_time", "ns", 2e6);
  set_mean(r, "gpu_comm_time", "ns", 3e6);
  set_mean(r, "gpu_exposed_comm_time", "ns", 1e6);
  set_mean(r, "gpu_time.experts", "ns", gemm_ns);
  set_mean(r, "gpu_time.gather", "ns", 3e6);
  set_mean(r, "gpu_time.unattributed", "ns", 0.2e6);
  set_mean(r, "gpu_idle.data", "ns", 2e6);
  set_activity(r, "experts.cutlass::Kernel2<gemm_bf16, (int)3>", 16, gemm_ns);
  set_activity(r, "gather.ncclDevKernel_AllGather_RING_LL", 8, 3e6);
  set_activity(r, "unattributed.host_to_device", 2, 0.2e6);
  set_sum(r, "gpu_copy_calls.host_to_device", "1", 2);
  set_sum(r, "gpu_copy_bytes.host_to_device", "bytes", 4e6);
  set_sum(r, "gpu_copy_time.host_to_device", "ns", 0.2e6);
  set_sum(r, "gpu_allocations", "1", 0);
  set_sum(r, "gpu_dropped_records", "1", 0);
  return r;
}

TEST(ProfileGpu, IsTheGoldenText) {
  const std::string path = std::string(MOEBENCH_GOLDEN_FOLDER) + "/profile_gpu.md";
  const std::string text =
      write_profile({traced("loop", 6e6), traced("grouped", 4.8e6)}, {.top = 3});
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN") != nullptr) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

TEST(ProfileGpu, SumsOfRanksBecomeAStepOfOne) {
  const std::vector<CellRecord> records = {traced("loop", 6e6)};
  const std::string text = gpu_section(group_cells(records)[0].cells[0], 9);
  EXPECT_THAT(text, HasSubstr("Of a traced step of 10.0 ms a GPU was busy for 8.00 ms (80.0 %)"));
  EXPECT_THAT(text, HasSubstr("for 1.00 ms (10.0 %)"));
  EXPECT_THAT(text, HasSubstr("|  16.0 |          6.00 |         375 | cutlass::Kernel2"));
  EXPECT_THAT(text, HasSubstr("| host_to_device |  2.00 | 4.00 |         0.200 | 20.0 |"));
  EXPECT_THAT(text, Not(HasSubstr("lost")));
  EXPECT_THAT(text, Not(HasSubstr("Device memory")));
}

TEST(ProfileGpu, SaysWhatWasLostAndWhatWasTaken) {
  std::vector<CellRecord> records = {traced("loop", 6e6)};
  set_sum(records[0], "gpu_dropped_records", "1", 3);
  set_sum(records[0], "gpu_allocations", "1", 1.5);
  set_sum(records[0], "gpu_allocated_bytes", "bytes", 2e6);
  const std::string text = gpu_section(group_cells(records)[0].cells[0], 9);
  EXPECT_THAT(text, HasSubstr("**6 records were lost: GPU times are too small.**"));
  EXPECT_THAT(text, HasSubstr("taken from the driver 3.00 times a step, 4.00 MB"));
}

TEST(ProfileGpu, OfAGpuThatDidNothingHasNoKernels) {
  std::vector<CellRecord> records = {traced("loop", 6e6)};
  std::erase_if(records[0].metrics, [](const auto& metric) {
    return metric.first.starts_with("gpu_activity_") || metric.first.starts_with("gpu_copy_");
  });
  for (const char* name : {"gpu_busy_time", "gpu_idle_time"}) set_mean(records[0], name, "ns", 0);
  const auto scenarios = group_cells(records);
  EXPECT_EQ(gpu_hotspots_section(scenarios[0], 9), "");
  EXPECT_THAT(gpu_section(scenarios[0].cells[0], 9), Not(HasSubstr("GPU kernels")));
}

TEST(ProfileGpu, IsNoneWithoutATrace) {
  std::vector<CellRecord> records = {traced("loop", 6e6)};
  records[0].metrics.erase("gpu_busy_time");
  const auto scenarios = group_cells(records);
  EXPECT_EQ(gpu_hotspots_section(scenarios[0], 9), "");
  EXPECT_EQ(gpu_section(scenarios[0].cells[0], 9), "");
}

}  // namespace
}  // namespace moebench::reports
