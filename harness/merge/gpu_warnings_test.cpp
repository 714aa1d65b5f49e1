#include "harness/merge/gpu_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/fake_worker.h"

namespace moebench::merge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RankResults three_ranks() {
  return {good_result(0, 3, 1), good_result(1, 3, 1), good_result(2, 3, 1)};
}

void throttle(record::RankResult& rank, const char* reasons, double share) {
  rank.environment["gpu_throttle_reasons"] = reasons;
  rank.metrics["gpu_throttled_share"] = {.unit = "1", .value = share};
}

TEST(GpuWarnings, NoneWithoutAGpuOrWithoutTrouble) {
  RankResults ranks = three_ranks();
  EXPECT_THAT(gpu_warnings(ranks), IsEmpty());
  ranks[0]->environment["gpu_other_processes"] = "0";
  ranks[0]->metrics["gpu_throttled_share"] = {.unit = "1", .value = 0};
  EXPECT_THAT(gpu_warnings(ranks), IsEmpty());
}

TEST(GpuWarnings, RanksWithTheSameReasonsShareASentence) {
  RankResults ranks = three_ranks();
  throttle(*ranks[0], "sw_power_cap", 0.25);
  throttle(*ranks[1], "hw_slowdown, power_brake", 1);
  throttle(*ranks[2], "sw_power_cap", 0.5);
  EXPECT_THAT(
      gpu_warnings(ranks),
      ElementsAre(
          "the GPU of rank 1 was throttled: hw_slowdown, power_brake, in 100 % of the readings",
          "the GPU of ranks 0, 2 was throttled: sw_power_cap, in up to 50 % of the readings"));
}

TEST(GpuWarnings, RanksThatShareAGpuShowNoSpeed) {
  RankResults ranks = three_ranks();
  for (const int rank : {0, 1, 2}) {
    ranks[static_cast<std::size_t>(rank)]->environment["gpu_uuid"] = rank == 1 ? "GPU-b" : "GPU-a";
  }
  EXPECT_THAT(gpu_warnings(ranks),
              ElementsAre("ranks 0, 2 share a GPU: that shows what they compute and send, and "
                          "nothing of how fast ranks with a GPU each are"));
}

TEST(GpuWarnings, SharedAndUnwatchedDevices) {
  RankResults ranks = three_ranks();
  ranks[0]->environment["gpu_other_processes"] = "2";
  ranks[1]->environment["gpu_not_watched"] = "no driver";
  ranks[2].reset();  // left no result
  EXPECT_THAT(gpu_warnings(ranks),
              ElementsAre("the GPU of rank 0 was shared with other processes, up to 2 at once",
                          "the GPU of rank 1 was not watched for throttling: no driver"));
}

}  // namespace
}  // namespace moebench::merge
