#include "harness/session/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/estimate/memory_estimate.h"
#include "harness/testing/models.h"

namespace moebench::session {
namespace {

using config::CellConfig;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CellConfig tiny_cell() {
  CellConfig cell;
  cell.scenario = "s";
  cell.model = tiny_model();
  cell.seq_len = 32;
  cell.ranks = 2;
  return cell;
}

std::int64_t rank_bytes(const CellConfig& cell) { return estimate::estimate_memory(cell).total(); }

Capacity host_of(double bytes) { return {{static_cast<std::int64_t>(bytes), false}, 2, {}}; }

TEST(MemoryFit, CountsAllRanksOfTheHost) {
  CellConfig cell = tiny_cell();
  cell.packing = true;
  const auto needed = static_cast<double>(2 * rank_bytes(cell));
  EXPECT_EQ(memory_fit(cell, host_of(needed * 1.2)).fit, Fit::kYes);
  EXPECT_EQ(memory_fit(cell, host_of(needed)).fit, Fit::kUnsure);
  EXPECT_EQ(memory_fit(cell, host_of(needed * 0.91)).fit, Fit::kUnsure);
  const MemoryFit fit = memory_fit(cell, host_of(needed * 0.89));
  EXPECT_EQ(fit.fit, Fit::kNo);
  EXPECT_EQ(fit.rank_bytes, rank_bytes(cell));
  EXPECT_EQ(fit.together_bytes, 2 * rank_bytes(cell));
  cell.ranks = 1;
  EXPECT_EQ(memory_fit(cell, host_of(needed)).fit, Fit::kYes);
}

TEST(MemoryFit, OfPlacedRanksCountsThoseOfAHost) {
  CellConfig cell = tiny_cell();
  cell.packing = true;
  const auto of_one = static_cast<double>(rank_bytes(cell));
  cell.nodes = 2;
  cell.ranks_per_node = 1;
  EXPECT_EQ(memory_fit(cell, host_of(of_one * 1.2)).fit, Fit::kYes);
  EXPECT_EQ(memory_fit(cell, host_of(of_one * 1.2)).together_bytes, rank_bytes(cell));
}

TEST(MemoryFit, DoesNotCountOnSamplesBeingLong) {
  CellConfig cell = tiny_cell();
  cell.micro_batch = 512;
  const auto estimate = estimate::estimate_memory(cell);
  ASSERT_GT(estimate.activations, estimate.total() / 2);
  const Capacity half = host_of(static_cast<double>(estimate.total()));
  EXPECT_EQ(memory_fit(cell, half).fit, Fit::kUnsure) << "samples may be short";
  cell.packing = true;
  EXPECT_EQ(memory_fit(cell, half).fit, Fit::kNo) << "rows are full";
}

TEST(MemoryFit, SaysWhatIsNeededAndWhatThereIs) {
  CellConfig cell = tiny_cell();
  cell.model.num_layers = 10'000;
  Capacity capacity = host_of(5e7);
  const std::string text = memory_fit(cell, capacity).text;
  EXPECT_THAT(text, HasSubstr("does not fit: "));
  EXPECT_THAT(text, HasSubstr(" GB a rank, 2 ranks, 50.0 MB here"));
  capacity.memory.is_of_group = true;
  EXPECT_THAT(memory_fit(cell, capacity).text, HasSubstr("here (the control group's limit)"));
}

TEST(MemoryFit, OfGpusIsThatOfTheRanksThatShareOne) {
  CellConfig cell = tiny_cell();
  cell.packing = true;
  cell.device = config::Device::kCuda;
  const std::int64_t bytes = rank_bytes(cell);
  Capacity capacity{{1, false}, 2, {2 * bytes, 2 * bytes}};
  EXPECT_EQ(memory_fit(cell, capacity).fit, Fit::kYes) << "whatever the host has";
  cell.ranks = 8;
  EXPECT_EQ(memory_fit(cell, capacity).fit, Fit::kUnknown) << "more ranks than GPUs";
  cell.device = config::Device::kAuto;
  EXPECT_EQ(memory_fit(cell, capacity).fit, Fit::kNo) << "on the CPU";
  cell.device_collectives = config::DeviceCollectives::kHost;
  capacity.gpus = {bytes, bytes};
  EXPECT_THAT(memory_fit(cell, capacity).text, HasSubstr("4 ranks"));
  EXPECT_THAT(memory_fit(cell, capacity).text, HasSubstr("on a GPU"));
  capacity.gpus.clear();
  cell.device = config::Device::kCuda;
  EXPECT_EQ(memory_fit(cell, capacity).fit, Fit::kUnknown) << "it cannot run at all";
}

TEST(MemoryFit, IsUnknownOfOtherEnginesAndMachines) {
  CellConfig cell = tiny_cell();
  EXPECT_EQ(memory_fit(cell, {}).fit, Fit::kUnknown);
  cell.engine.name = "mine";
  cell.engine.command = {"train"};
  EXPECT_EQ(memory_fit(cell, host_of(1)).fit, Fit::kUnknown);
  EXPECT_EQ(memory_fit(cell, host_of(1)).rank_bytes, 0);
}

TEST(CellWarnings, AreShort) {
  CellConfig cell = tiny_cell();
  cell.parallelism = config::Parallelism::kEp;
  cell.threads_per_rank = 2;
  EXPECT_THAT(cell_warnings(cell, host_of(1e9), false),
              ElementsAre("4 threads on 2 cores", "ep_degree 1 splits no experts"));
  cell.ep_degree = 2;
  EXPECT_THAT(cell_warnings(cell, host_of(1e9), true), IsEmpty());
}

TEST(PlanWarnings, NameTheCellsOnce) {
  CellConfig fits = tiny_cell(), over = tiny_cell(), unsplit = tiny_cell();
  over.ranks = 4;
  unsplit.parallelism = config::Parallelism::kEp;
  const std::vector<CellConfig> cells = {fits, over, unsplit};
  const Capacity two_cores = host_of(1e9);
  EXPECT_THAT(plan_warnings(cells, two_cores, false),
              ElementsAre(HasSubstr("than the 2 cores here, which slows every step down, in 1 "
                                    "cell: parallelism=fsdp ranks=4"),
                          HasSubstr("no experts are split over ranks, in 1 cell: parallelism=ep")));
  EXPECT_THAT(plan_warnings(cells, two_cores, true), ElementsAre(HasSubstr("ep_degree is 1")));
  EXPECT_THAT(plan_warnings({fits}, two_cores, false), IsEmpty());
}

}  // namespace
}  // namespace moebench::session
