#include "harness/estimate/traffic.h"

#include <gtest/gtest.h>

#include "harness/config/scenario.h"
#include "harness/estimate/model_size.h"
#include "harness/testing/models.h"

namespace moebench::estimate {
namespace {

config::CellConfig cell_of(config::Parallelism parallelism, std::int64_t ranks) {
  config::CellConfig cell;
  cell.model = tiny_model();
  cell.parallelism = parallelism;
  cell.ranks = ranks;
  cell.ep_degree = parallelism == config::Parallelism::kEp ? ranks : 1;
  cell.seq_len = 64;
  cell.dtype = config::Dtype::kBf16;
  return cell;
}

// Slices are padded to 32 elements.
constexpr double kPadding = 0.02;

TEST(Traffic, OfFsdpIsEveryParameterGatheredAndReduced) {
  const config::CellConfig cell = cell_of(config::Parallelism::kFsdp, 4);
  const Traffic traffic = estimate_traffic(cell);
  const double all = 2.0 * static_cast<double>(num_parameters(cell.model)) * 3 / 4;
  const double root = 2.0 * (2 * 61 + 1) * 32 * 3 / 4;  // embedding, head, norm: gathered once
  EXPECT_NEAR(traffic.gathers, 2 * all - root, kPadding * all);
  EXPECT_NEAR(traffic.reductions, all, kPadding * all);
  EXPECT_EQ(traffic.exchanges, 0);
  EXPECT_EQ(traffic.flops, ModelFlops(cell.model).per_sequence(64));
}

TEST(Traffic, GrowsWithMicroBatchesAndGathers) {
  config::CellConfig cell = cell_of(config::Parallelism::kFsdp, 2);
  const Traffic once = estimate_traffic(cell);
  cell.grad_accumulation = 3;
  const Traffic thrice = estimate_traffic(cell);
  EXPECT_DOUBLE_EQ(thrice.reductions, 3 * once.reductions);
  EXPECT_DOUBLE_EQ(thrice.flops, 3 * once.flops);
  cell.sync_each_batch = false;
  EXPECT_DOUBLE_EQ(estimate_traffic(cell).reductions, once.reductions);
  cell.activation_checkpointing = true;
  cell.gathers = 3;
  EXPECT_GT(estimate_traffic(cell).gathers, 1.4 * thrice.gathers);
  EXPECT_GT(estimate_traffic(cell).flops, thrice.flops);
}

TEST(Traffic, OfExpertParallelismIsRowsInPlaceOfExperts) {
  const config::CellConfig cell = cell_of(config::Parallelism::kEp, 4);
  const Traffic ep = estimate_traffic(cell);
  const Traffic fsdp = estimate_traffic(cell_of(config::Parallelism::kFsdp, 4));
  const double experts = 2.0 * 2 * static_cast<double>(expert_parameters(cell.model, 4)) * 3 / 4;
  EXPECT_NEAR(fsdp.gathers - ep.gathers, 2 * experts, kPadding * experts);
  EXPECT_NEAR(fsdp.reductions - ep.reductions, experts, kPadding * experts);
  // 64 tokens x top-2 rows of 32 elements of 2 bytes; out and back, forward and backward; 2 layers.
  EXPECT_DOUBLE_EQ(ep.exchanges, 64 * 2 * 32 * 2 * 3 / 4 * 4 * 2);
  EXPECT_EQ(ep.flops, fsdp.flops);
}

TEST(Traffic, OfCopiesIsTheSumOfTheirSlices) {
  config::CellConfig cell = cell_of(config::Parallelism::kHsdp, 4);
  cell.shard_degree = 2;
  const Traffic hsdp = estimate_traffic(cell);
  const double all = 2.0 * static_cast<double>(num_parameters(cell.model));
  // Reduced within two ranks, and half of the model summed over two copies.
  EXPECT_NEAR(hsdp.reductions, all / 2 + all / 2, kPadding * all);
}

TEST(Traffic, OfOneRankIsNone) {
  EXPECT_EQ(estimate_traffic(cell_of(config::Parallelism::kFsdp, 1)).sent_bytes(), 0);
}

// The comparison that this suite grew from, of which scenarios/README.md computes a smaller one.
TEST(Traffic, OfTheComparisonThatThisSuiteGrewFrom) {
  const auto scenarios = config::load_scenarios(MOEBENCH_SCENARIO_FOLDER "/fms-pr69.yaml");
  config::CellConfig cell = scenarios.front().cells.front();
  cell.seq_len = 210;
  cell.gathers = 3;
  const Traffic fsdp = estimate_traffic(cell);
  EXPECT_NEAR(fsdp.sent_bytes() / 16, 325.6e9, 0.1e9);
  EXPECT_NEAR(fsdp.flops / 16, 21.4e12, 0.1e12);
  EXPECT_NEAR(fsdp.bytes_per_flop(), 15.2e-3, 0.05e-3);
}

}  // namespace
}  // namespace moebench::estimate
