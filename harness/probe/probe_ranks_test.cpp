#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/probe/message_times.h"
#include "harness/probe/network.h"
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

TEST(Network, OneRankOfEachHostMeasuresForAllOfThem) {
  const std::int64_t ranks_per_node = world->size() % 2 == 0 ? 2 : 1;
  for (const std::int64_t ranks : {std::int64_t{1}, ranks_per_node}) {
    record::Metrics metrics;
    measure_network(*world, ranks, metrics);
    for (const char* name : {"network_bandwidth", "network_latency"}) {
      const double own = metrics.at(name).value.value();
      EXPECT_GT(own, 0) << name;
      std::vector<double> of_ranks(static_cast<std::size_t>(world->size()));
      of_ranks[static_cast<std::size_t>(world->rank())] = own;
      world->all_reduce_sum(of_ranks);
      const auto first = static_cast<std::size_t>(world->rank() / ranks * ranks);
      EXPECT_EQ(own, of_ranks[first]) << name << " of another rank of the host";
    }
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
