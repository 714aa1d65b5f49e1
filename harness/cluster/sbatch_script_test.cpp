#include "harness/cluster/sbatch_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"
#include "harness/testing/golden_testing.h"

namespace moebench::cluster {
namespace {

using ::testing::HasSubstr;

SbatchJob sbatch_job() {
  return {.name = "moebench-quickstart",
          .remark = "Written by moebench submit: 4 cells, 12 repetitions.",
          .shape = {.nodes = 2, .ranks_per_node = 4, .threads_per_rank = 8, .gpus_per_node = 4},
          .time = slurm_time(5400),
          .folder = "/data/my results/50%",
          .command = {"/opt/moebench/bin/moebench", "run", "/home/me/it's.yaml", "--out",
                      "/data/my results/50%", "--launcher", "slurm"}};
}

TEST(SbatchScript, RunsTheWholeMatrixInOneAllocation) {
  expect_golden("sbatch.sh", sbatch_script(sbatch_job()));
}

TEST(SbatchScript, RunsAGroupATaskOfAnArray) {
  SbatchJob array = sbatch_job();
  array.shape = {.ranks_per_node = 2};
  array.partition = "short";
  array.account = "me";
  array.more = {"--mem=0", "--constraint=\"a&b\""};
  array.array = {.tasks = {0, 1, 2, 5}, .groups = 7};
  expect_golden("sbatch_array.sh", sbatch_script(array));
}

TEST(SbatchScript, OptionsOfTheUserAreOptionsAndNotOurs) {
  const auto error_with = [](const std::string& option) {
    SbatchJob wrong = sbatch_job();
    wrong.more = {option};
    return error_of([&] { sbatch_script(wrong); });
  };
  EXPECT_THAT(error_with("mem=0"), HasSubstr("'mem=0' is no option of sbatch"));
  EXPECT_THAT(error_with("--mem=0\nrm -r x"), HasSubstr("is no option"));
  for (const char* ours : {"--array=0-3", "-a 3", "--output=x", "-o x"}) {
    EXPECT_THAT(error_with(ours), HasSubstr("is set by moebench"));
  }
}

TEST(SbatchScript, TimesAreWholeMinutes) {
  EXPECT_EQ(slurm_time(1), "00:01:00");
  EXPECT_EQ(slurm_time(3600 + 61), "01:02:00");
  EXPECT_EQ(slurm_time(26 * 3600), "1-02:00:00");
}

TEST(SbatchScript, TasksAreRanges) {
  EXPECT_EQ(array_ranges({0}), "0");
  EXPECT_EQ(array_ranges({0, 1, 2, 7, 9, 10}), "0-2,7,9-10");
}

}  // namespace
}  // namespace moebench::cluster
