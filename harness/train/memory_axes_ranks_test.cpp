// The axes that decide what is alive beside a step's schedule, against the estimate and against the
// bytes a parameter that they stand for.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "harness/estimate/model_size.h"
#include "harness/testing/pairwise.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/memory_testing.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using config::ExpertKernel;
using config::Optimizer;
using config::Parallelism;

// This tests what is alive beside the schedule: each axis that changes it, alone and together,
// where the state outweighs the activations and the other way round.
TEST(MemoryEstimate, FollowsScheduleGradientsAndOptimizer) {
  CellConfig base = even_cell();
  base.expert_kernel = ExpertKernel::kGrouped;
  base.activation_checkpointing = true;
  using Change = void (*)(CellConfig&);
  const Change changes[] = {
      [](CellConfig& c) { c.gathers = 3; },
      [](CellConfig& c) { c.sync_each_batch = false; },
      [](CellConfig& c) { c.keep_gradients = false; },
      [](CellConfig& c) { c.sync_each_batch = c.keep_gradients = false; },
      [](CellConfig& c) { c.optimizer = Optimizer::kForeach; },
      [](CellConfig& c) { c.optimizer = Optimizer::kPerTensor; },
      [](CellConfig& c) { c.keep_gradients = false, c.optimizer = Optimizer::kForeach; },
  };
  const std::vector<Sharding> all_shardings = shardings(world->size());
  constexpr std::int64_t kSeqLens[] = {8, 256};
  for (const auto& row :
       pairwise({std::size(changes), all_shardings.size(), std::size(kSeqLens), 2})) {
    CellConfig cell = base;
    changes[row[0]](cell);
    all_shardings[row[1]].apply(cell);
    cell.seq_len = kSeqLens[row[2]];
    cell.grad_accumulation = row[3] == 0 ? 1 : 2;
    check(cell, 0.10);
  }
}

// Returns a cell of so many thin layers that the gathered ones weigh little beside a rank's shard,
// and of so few tokens that the peak lies in the update where that takes a copy of the parameters.
CellConfig deep_cell(std::int64_t ep_degree) {
  CellConfig cell = even_cell();
  cell.model.name = "deep";
  cell.model.num_layers = 64 * world->size();
  cell.model.hidden_size = 64;
  cell.model.intermediate_size = 128;
  cell.model.head_dim = 16;
  cell.model.vocab_size = 64;
  cell.prefetch = 0;
  cell.seq_len = 4;
  cell.micro_batch = 1;
  cell.activation_checkpointing = true;
  cell.parallelism = ep_degree == 1 ? Parallelism::kFsdp : Parallelism::kEp;
  cell.ep_degree = ep_degree;
  return cell;
}

struct BytesAParameter {
  double alloc, peak;
};

// Returns the bytes, in bf16, of each parameter that a rank holds.
BytesAParameter bytes_a_parameter(const CellConfig& cell) {
  const record::Metrics metrics = memory_of(cell);
  const double parameters = static_cast<double>(estimate::num_parameters(cell.model)) /
                            static_cast<double>(world->size());
  return {value(metrics, "mem_alloc") / parameters, value(metrics, "mem_peak") / parameters};
}

TEST(BytesAParameter, AreEightOrSixBetweenStepsAndTenOrEightAtThePeak) {
  if (world->size() > 2) return;  // the same layers a rank, at four times the time
  if (kSanitized) GTEST_SKIP() << "counts the same bytes, and fewer layers take the same roads";
  for (const std::int64_t ep_degree : std::set<std::int64_t>{1, world->size()}) {
    SCOPED_TRACE("ep_degree " + std::to_string(ep_degree));
    CellConfig cell = deep_cell(ep_degree);
    const auto expect_near = [](double measured, double expected, const char* what) {
      EXPECT_NEAR(measured, expected, 0.02 * expected) << what;
    };
    const BytesAParameter kept = bytes_a_parameter(cell);
    cell.keep_gradients = false;
    const BytesAParameter freed = bytes_a_parameter(cell);
    cell.optimizer = Optimizer::kForeach;
    const BytesAParameter foreach_freed = bytes_a_parameter(cell);
    cell.keep_gradients = true;
    const BytesAParameter foreach_kept = bytes_a_parameter(cell);
    expect_near(kept.alloc, 8, "gradients kept");
    expect_near(freed.alloc, 6, "gradients freed");
    expect_near(foreach_kept.alloc, 8, "foreach, gradients kept");
    expect_near(foreach_freed.alloc, 6, "foreach, gradients freed");
    expect_near(kept.peak, 8, "peak of fused");
    expect_near(freed.peak, 8, "peak of fused, gradients freed");
    expect_near(foreach_kept.peak, 10, "peak of foreach");
    expect_near(foreach_freed.peak, 10, "peak of foreach, gradients freed");
  }
}

}  // namespace
}  // namespace moebench::train
