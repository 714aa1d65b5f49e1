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

// Three layers, a dense one first, shared experts, and a choice within groups by corrected
// sigmoids: what a DeepSeek V3 or GLM 4.5 has beside its attention.
inline config::ModelConfig tiny_mixed_model() {
  config::ModelConfig model = tiny_model();
  model.name = "tiny_mixed";
  model.type = config::ModelType::kGlm4Moe;
  model.num_layers = 3;
  model.num_experts = 8;
  model.router_aux_loss_coef = 0;
  model.router_score = config::RouterScore::kSigmoid;
  model.routed_scaling_factor = 1.5;
  model.router_correction = true;
  model.num_expert_groups = 4;
  model.top_k_groups = 2;
  model.group_score = config::GroupScore::kBestTwo;
  model.shared_intermediate_size = 40;
  model.dense_layers = {0};
  model.dense_intermediate_size = 72;
  return model;
}

// Layers with experts around a dense one, weights that are not normalised, a gate of the shared
// expert: what a Qwen 2 has beside its attention.
inline config::ModelConfig tiny_gated_model() {
  config::ModelConfig model = tiny_model();
  model.name = "tiny_gated";
  model.type = config::ModelType::kQwen2Moe;
  model.num_layers = 3;
  model.normalise_top_k = false;
  model.shared_intermediate_size = 40;
  model.shared_gate = true;
  model.dense_layers = {1};
  model.dense_intermediate_size = 72;
  return model;
}

// Biases of router and experts, clamped SwiGLU, projections stored transposed and in turns: what
// a gpt-oss has beside its attention.
inline config::ModelConfig tiny_clamped_model() {
  config::ModelConfig model = tiny_model();
  model.name = "tiny_clamped";
  model.type = config::ModelType::kGptOss;
  model.router_bias = true;
  model.expert_bias = true;
  model.swiglu_limit = 0.3;  // reached by some of the projections
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
