#include "harness/merge/merge_probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/fake_worker.h"

namespace moebench::merge {
namespace {

using ::testing::ElementsAre;

TEST(MergeProbes, SetsOneCoreBesideAllRanks) {
  auto together = std::vector{probe_result(0, 2), probe_result(1, 2)};
  together[0].metrics["gemm_fp32"].value = 80e9;
  together[1].metrics["gemm_fp32"].value = 100e9;
  auto alone = probe_result(0, 1);
  alone.metrics["gemm_fp32"].value = 120e9;
  const auto merged = merge_probes(alone, together);
  EXPECT_EQ(merged.at("gemm_fp32_alone").value, 120e9);
  EXPECT_EQ(merged.at("gemm_fp32_together").value, 90e9);
  EXPECT_THAT(merged.at("gemm_fp32_together").per_rank, ElementsAre(80e9, 100e9));
  EXPECT_EQ(merged.at("timer_resolution").unit, "ns");
}

TEST(MergeProbes, BandwidthsFollowTheSlowestRank) {
  auto together =
      std::vector{probe_result(0, 4), probe_result(1, 4), probe_result(2, 4), probe_result(3, 4)};
  for (auto& rank : together) rank.metrics["message_size"].samples = {1000, 4000};
  for (auto& rank : together) rank.metrics["all_gather_time"].samples = {500, 1000};
  together[2].metrics["all_gather_time"].samples = {1000, 800};
  const auto merged = merge_probes(probe_result(0, 1), together);
  EXPECT_THAT(merged.at("all_gather_time").samples, ElementsAre(1000, 1000));
  EXPECT_THAT(merged.at("all_gather_algorithm_bandwidth").samples, ElementsAre(1e9, 4e9));
  EXPECT_THAT(merged.at("all_gather_bus_bandwidth").samples, ElementsAre(0.75e9, 3e9));
}

TEST(MergeProbes, OneRankHasNoMessages) {
  const auto merged = merge_probes(probe_result(0, 1), {probe_result(0, 1)});
  EXPECT_FALSE(merged.contains("message_size"));
  EXPECT_EQ(merged.at("memory_copy_together").value, merged.at("memory_copy_alone").value);
}

}  // namespace
}  // namespace moebench::merge
