// The analytic estimate of memory against what the tensor allocator counts in the memory pass.
#include <gtest/gtest.h>

#include "harness/testing/pairwise.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/memory_testing.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using config::Dtype;
using config::ExpertKernel;

// Calls f with every pair of values of the axes that shape memory.
template <typename F>
void for_each_cell(CellConfig cell, F&& f) {
  const std::vector<Sharding> all_shardings = shardings(world->size());
  for (const auto& row : pairwise({all_shardings.size(), 2, 2, 2, 2})) {
    all_shardings[row[0]].apply(cell);
    cell.expert_kernel = row[1] == 0 ? ExpertKernel::kLoop : ExpertKernel::kGrouped;
    cell.dtype = row[2] == 0 ? Dtype::kFp32 : Dtype::kBf16;
    cell.activation_checkpointing = row[3] == 1;
    cell.grad_accumulation = row[4] == 0 ? 1 : 2;
    f(cell);
  }
}

// Routing is learned and uneven here: the bound of 10 % has room for it.
TEST(MemoryEstimate, HoldsForTheSmallModel) {
  if (world->size() > 2) return;  // the same sizes of unit, at twice the time
  CellConfig base = packed_cell();
  base.model = config::load_model_config(MOEBENCH_SCENARIO_FOLDER "/models/mixtral-small.json");
  base.seq_len = 64;
  base.micro_batch = 2;
  for_each_cell(base, [](const CellConfig& cell) { check(cell, 0.10); });
}

// Activations outweigh the state: what is left is the estimate's own error.
TEST(MemoryEstimate, IsCloseWhereRoutingIsEven) {
  CellConfig base = even_cell();
  const auto check_all = [&] {
    for_each_cell(base, [](const CellConfig& cell) { check(cell, 0.03); });
  };
  check_all();
  base.model.vocab_size = 16384;  // the logits outweigh a layer
  check_all();
  base.model.vocab_size = 256;
  base.model.intermediate_size = 16;  // and so does attention
  base.model.head_dim = 128;
  check_all();
  base.model.type = config::ModelType::kGraniteMoe;  // scales what passes between the layers
  base.model.embedding_multiplier = 12;
  base.model.residual_multiplier = 0.22;
  base.model.logits_scaling = 6;
  base.model.tie_word_embeddings = true;
  check_all();
}

}  // namespace
}  // namespace moebench::train
