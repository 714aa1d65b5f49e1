// The analytic estimate of memory against what the tensor allocator counts in the memory pass.
#include <gtest/gtest.h>

#include <vector>

#include "harness/testing/pairwise.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/memory_testing.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using config::Dtype;
using config::ExpertKernel;

using Change = void (*)(CellConfig&);

// Checks every pair of values of the axes that shape memory, one of which is `variants` of the
// cell.
void check_pairs(const CellConfig& base, const std::vector<Change>& variants, double bound) {
  const std::vector<Sharding> all_shardings = shardings(world->size());
  for (const auto& row : pairwise({variants.size(), all_shardings.size(), 2, 2, 2, 2})) {
    CellConfig cell = base;
    variants[row[0]](cell);
    all_shardings[row[1]].apply(cell);
    cell.expert_kernel = row[2] == 0 ? ExpertKernel::kLoop : ExpertKernel::kGrouped;
    cell.dtype = row[3] == 0 ? Dtype::kFp32 : Dtype::kBf16;
    cell.activation_checkpointing = row[4] == 1;
    cell.grad_accumulation = row[5] == 0 ? 1 : 2;
    check(cell, bound);
  }
}

// Routing is learned and uneven here: the bound of 10 % has room for it.
TEST(MemoryEstimate, HoldsForTheSmallModel) {
  if (world->size() != 2) GTEST_SKIP() << "the same kinds of units, at several times the time";
  if (kSanitized) GTEST_SKIP() << "counts the same bytes, and small models take the same roads";
  CellConfig base = packed_cell();
  base.model = config::load_model_config(MOEBENCH_SCENARIO_FOLDER "/models/mixtral-small.json");
  base.model.num_layers = 2;  // of 4, which are alike
  base.seq_len = 64;
  base.micro_batch = 2;
  check_pairs(base, {[](CellConfig&) {}}, 0.10);
}

// Activations outweigh the state: what is left is the estimate's own error. Where experts are
// small, the logits and attention outweigh the rest.
TEST(MemoryEstimate, IsCloseWhereRoutingIsEven) {
  const Change attention = [](CellConfig& cell) {
    cell.model.intermediate_size = 16;
    cell.model.head_dim = 128;
  };
  check_pairs(
      even_cell(),
      {[](CellConfig&) {}, [](CellConfig& cell) { cell.model.vocab_size = 16384; }, attention,
       [](CellConfig& cell) {  // scales what passes between the layers
         cell.model.intermediate_size = 16;
         cell.model.head_dim = 128;
         cell.model.type = config::ModelType::kGraniteMoe;
         cell.model.embedding_multiplier = 12;
         cell.model.residual_multiplier = 0.22;
         cell.model.logits_scaling = 6;
         cell.model.tie_word_embeddings = true;
       }},
      0.03);
}

// Each variant has parts that no other has; sizes are such that they weigh.
TEST(MemoryEstimate, IsCloseForEveryPartOfAModel) {
  const std::vector<Change> parts = {[](CellConfig& cell) {
                                       cell.model.type = config::ModelType::kQwen2Moe;
                                       cell.model.qk_norm = config::QkNorm::kPerHead;
                                       cell.model.normalise_top_k = false;
                                       cell.model.qkv_bias = true;
                                       cell.model.head_dim = 96;
                                       cell.model.shared_intermediate_size = 700;
                                       cell.model.shared_gate = true;
                                     },
                                     [](CellConfig& cell) {
                                       cell.model.type = config::ModelType::kOlmoe;
                                       cell.model.qk_norm = config::QkNorm::kAllHeads;
                                       cell.model.head_dim = 128;
                                       cell.model.intermediate_size = 48;
                                     },
                                     [](CellConfig& cell) {
                                       cell.model.type = config::ModelType::kDeepseekV3;
                                       cell.model.q_lora_rank = 96;
                                       cell.model.kv_lora_rank = 80;
                                       cell.model.qk_nope_head_dim = 48;
                                       cell.model.qk_rope_head_dim = 16;
                                       cell.model.head_dim = 64;
                                       cell.model.v_head_dim = 40;
                                       cell.model.num_kv_heads = cell.model.num_heads;
                                       cell.model.dense_layers = {0, 3};
                                       cell.model.dense_intermediate_size = 900;
                                       cell.model.shared_intermediate_size = 200;
                                       cell.model.router_score = config::RouterScore::kSigmoid;
                                       cell.model.router_correction = true;
                                       cell.model.router_aux_loss_coef = 0;
                                     },
                                     [](CellConfig& cell) {
                                       cell.model.type = config::ModelType::kGptOss;
                                       cell.model.attention_sinks = cell.model.qkv_bias =
                                           cell.model.o_bias = true;
                                       cell.model.router_bias = cell.model.expert_bias = true;
                                       cell.model.swiglu_limit = 7;
                                       cell.model.sliding_window = 64;
                                       cell.model.full_attention_layers = {1, 3};
                                     }};
  check_pairs(even_cell(), parts, 0.03);
}

}  // namespace
}  // namespace moebench::train
