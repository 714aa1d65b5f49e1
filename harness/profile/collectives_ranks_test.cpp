// These test what is logged of real collectives between real processes.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "harness/measure/clock.h"
#include "harness/profile/collectives.h"
#include "harness/testing/ranks/ranks.h"

namespace moebench::profile {
namespace {

constexpr std::int64_t kLateNs = 60'000'000;

std::int64_t piece(int rank) { return 100 * (rank + 1); }

// Gathers the values of every rank.
std::vector<std::int64_t> gathered(std::int64_t mine) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(world->size()));
  world->all_gather(&mine, all.data(), sizeof mine);
  return all;
}

TEST(CollectiveLog, CountsBytesAsNcclTestsDo) {
  CollectiveLog log(*world);
  const int n = world->size();
  comm::Communicator& recorded = log.world();
  std::vector<float> send(static_cast<std::size_t>(4 * n)),
      receive(static_cast<std::size_t>(4 * n));
  recorded.barrier();  // not recorded yet
  log.start();
  recorded.all_gather(send.data(), receive.data(), 16);
  recorded.reduce_scatter(send.data(), receive.data(), 4, comm::ElementType::kFp32, false);
  std::vector<std::int64_t> out, in;
  for (int r = 0; r < n; ++r) {
    out.push_back(piece(r));
    in.push_back(piece(world->rank()));
  }
  std::vector<char> rows(static_cast<std::size_t>(n * piece(n)));
  std::vector<char> received(rows.size());
  recorded.all_to_all(rows.data(), out, received.data(), in);
  std::vector<double> values = {1, 2};
  recorded.all_reduce_sum(values);
  recorded.all_reduce(send.data(), receive.data(), 4 * n, comm::ElementType::kFp32, false);
  log.finish(0);
  if (n == 1) {
    EXPECT_TRUE(log.events().empty());
    return;
  }
  ASSERT_EQ(log.events().size(), 5u);
  EXPECT_EQ(log.events()[0].bytes, 16 * n);
  EXPECT_EQ(log.events()[0].wire_bytes, 16 * (n - 1));
  EXPECT_EQ(log.events()[1].bytes, 16 * n);
  EXPECT_EQ(log.events()[2].bytes, 100 * n * (n + 1) / 2);
  EXPECT_EQ(log.events()[2].wire_bytes, log.events()[2].bytes - piece(world->rank()));
  EXPECT_EQ(log.events()[3].bytes, 16);
  EXPECT_EQ(log.events()[4].kind, Collective::kAllReduce);
  EXPECT_EQ(log.events()[4].bytes, 16 * n);
  EXPECT_EQ(log.events()[4].wire_bytes, 2 * 16 * (n - 1));
  EXPECT_EQ(values[0], n);
}

// One rank sleeps before each collective. On a busy machine another may still be later; which one
// was is seen from the moments at which all of them arrived.
TEST(CollectiveLog, TellsWaitingFromTransferAndWhoWasLate) {
  if (world->size() == 1) GTEST_SKIP() << "needs a peer";
  CollectiveLog log(*world);
  const auto group = log.world().split(0);
  const int late = world->size() - 1;
  world->barrier();
  log.start();
  for (int i = 0; i < 3; ++i) {
    if (world->rank() == late) std::this_thread::sleep_for(std::chrono::nanoseconds(kLateNs));
    group->barrier();
  }
  log.finish(measure_clock_offset(*world).offset_ns);
  ASSERT_EQ(log.events().size(), 3u);
  const int me = world->rank();
  std::int64_t kept_waiting = 0;
  for (const CollectiveEvent& event : log.events()) {
    const std::vector<std::int64_t> starts = gathered(event.start_ns);
    const std::int64_t last = *std::ranges::max_element(starts);
    EXPECT_EQ(starts[static_cast<std::size_t>(event.last_rank)], last);
    EXPECT_EQ(event.last_start_ns, last);
    EXPECT_EQ(event.group, 1);
    EXPECT_LE(event.wait_ns(), event.blocked_ns());
    EXPECT_EQ(event.wait_ns(), last - event.start_ns);
    const std::vector<std::int64_t> waits = gathered(event.wait_ns());
    if (event.last_rank == me) {
      kept_waiting = std::accumulate(waits.begin(), waits.end(), kept_waiting);
    }
  }
  EXPECT_EQ(log.kept_waiting_ns(), kept_waiting);
}

// A collective that runs behind other work blocks only where it is waited for.
TEST(CollectiveLog, CountsAGatherInTheBackgroundFromItsWait) {
  if (world->size() == 1) GTEST_SKIP() << "needs a peer";
  CollectiveLog log(*world);
  std::vector<char> all(static_cast<std::size_t>(world->size()));
  char mine = 1;
  log.start();
  const auto pending = log.world().start_all_gather(&mine, all.data(), 1);
  std::this_thread::sleep_for(std::chrono::nanoseconds(kLateNs));
  pending->wait();
  log.finish(0);
  const CollectiveEvent& event = log.events().at(0);
  EXPECT_GE(event.block_ns - event.start_ns, kLateNs);
  EXPECT_GE(event.end_ns, event.block_ns);
}

TEST(ClockOffset, OnOneMachineIsNone) { EXPECT_EQ(measure_clock_offset(*world).offset_ns, 0); }

TEST(ClockOffset, IsWhatAllExchangesLeave) {
  const ClockOffset offset = clock_offset_within({{-500, 2000}, {900, 4000}, {-800, 1100}});
  EXPECT_EQ(offset.offset_ns, 1000);
  EXPECT_EQ(offset.uncertainty_ns, 100);
  EXPECT_EQ(clock_offset_within({{-50, 20}}).offset_ns, 0);
}

TEST(BusFactor, IsThatOfNcclTests) {
  EXPECT_DOUBLE_EQ(bus_factor(Collective::kAllGather, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::kReduceScatter, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::kAllToAll, 2), 0.5);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::kAllReduce, 4), 1.5);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::kAllGather, 1), 0);
}

}  // namespace
}  // namespace moebench::profile
