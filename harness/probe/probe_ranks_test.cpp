#include <gtest/gtest.h>

#include <string>

#include "harness/probe/message_times.h"
#include "harness/probe/probe.h"
#include "harness/testing/ranks/ranks.h"

namespace moebench::probe {
namespace {

TEST(Messages, SizesAreSplitOverTheRanksAndEveryCallTakesTime) {
  const MessageTimes times = measure_messages(
      *world, {.smallest_bytes = 4096, .largest_bytes = 65536, .factor = 4, .budget_ns = 1e6});
  EXPECT_EQ(times.bytes, (std::vector<double>{4096, 16384, 65536}));
  for (const auto* ns : {&times.all_gather_ns, &times.reduce_scatter_ns, &times.all_to_all_ns}) {
    ASSERT_EQ(ns->size(), times.bytes.size());
    for (const double time : *ns) EXPECT_GT(time, 0);
  }
}

TEST(Probe, MeasuresWhatTheMachineGives) {
  const record::RankResult result = run_probe(*world, {.num_threads = 1, .quick = true});
  EXPECT_EQ(result.rank, world->rank());
  for (const char* name : {"timer_resolution", "timer_read_time", "gemm_fp32", "gemm_bf16",
                           "memory_copy", "memory_copy_size"}) {
    EXPECT_GT(result.metrics.at(name).value.value_or(0), 0) << name;
  }
  EXPECT_EQ(result.metrics.contains("all_gather_time"), world->size() > 1);
}

}  // namespace
}  // namespace moebench::probe
