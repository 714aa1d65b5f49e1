#pragma once

#include "harness/config/cell.h"

namespace moebench {

// Two layers of four experts, small enough to train in milliseconds, and odd enough in its sizes to
// show what is taken for another.
inline config::ModelConfig tiny_model() {
  config::ModelConfig model;
  model.name = "tiny";
  model.hidden_size = 32;
  model.intermediate_size = 56;
  model.num_layers = 2;
  model.num_experts = 4;
  model.top_k = 2;
  model.num_heads = 4;
  model.num_kv_heads = 2;
  model.head_dim = 8;
  model.vocab_size = 61;
  model.max_position_embeddings = 64;
  model.router_aux_loss_coef = 0.02;
  model.initializer_range = 0.05;
  return model;
}

// Smaller still, for tests that look at single layers.
inline config::ModelConfig small_model() {
  config::ModelConfig model;
  model.name = "small";
  model.hidden_size = 16;
  model.intermediate_size = 24;
  model.num_layers = 2;
  model.num_experts = 4;
  model.top_k = 2;
  model.num_heads = 4;
  model.num_kv_heads = 2;
  model.head_dim = 4;
  model.vocab_size = 11;
  model.max_position_embeddings = 32;
  return model;
}

// All dimensions differ, so that a swapped shape shows.
inline config::ModelConfig mini_model() {
  config::ModelConfig model;
  model.name = "mini";
  model.hidden_size = 12;
  model.intermediate_size = 20;
  model.num_layers = 2;
  model.num_experts = 3;
  model.top_k = 2;
  model.num_heads = 4;
  model.num_kv_heads = 2;
  model.head_dim = 4;
  model.vocab_size = 32;
  model.max_position_embeddings = 64;
  return model;
}

}  // namespace moebench
