#pragma once

#include "harness/config/cell.h"
#include "harness/testing/ranks/ranks.h"

namespace moebench::train {

// Two small layers of four experts in fp32 on all ranks, one warm-up step: for tests of what a run
// tells.
inline config::CellConfig small_cell() {
  config::CellConfig cell;
  cell.model.name = "small";
  cell.model.hidden_size = 64;
  cell.model.intermediate_size = 96;
  cell.model.num_layers = 2;
  cell.model.num_experts = 4;
  cell.model.top_k = 2;
  cell.model.num_heads = 4;
  cell.model.num_kv_heads = 2;
  cell.model.head_dim = 16;
  cell.model.vocab_size = 256;
  cell.model.max_position_embeddings = 256;
  cell.model.router_aux_loss_coef = 0.02;
  cell.expert_kernel = config::ExpertKernel::kGrouped;
  cell.ranks = world->size();
  cell.dtype = config::Dtype::kFp32;
  cell.warmup_steps = 1;
  return cell;
}

}  // namespace moebench::train
