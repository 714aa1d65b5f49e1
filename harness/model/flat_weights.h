#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "harness/config/cell.h"
#include "harness/model/weight.h"

namespace moebench::model {

struct RootWeights {
  Weight embedding;   // [V, H]
  Weight norm;        // [H]
  Weight lm_head;     // [V, H]; unused where tied
  bool tied = false;  // the head multiplies with the embedding table; set by bind

  Weight& head() { return tied ? embedding : lm_head; }
};

struct DenseWeights {
  Weight input_norm;  // [H]
  Weight qkv;         // [(heads + 2 kv_heads) x head_dim, H]
  Weight o;           // [H, heads x head_dim]
  Weight post_norm;   // [H]
  Weight router;      // [E, H]
};

// Both forms view the same memory; a kernel uses one of them.
struct ExpertWeights {
  std::int64_t num_experts = 0;  // of this rank
  Weight gate_up, down;          // stacks: [E, 2I, H], [E, H, I]
  std::vector<Weight> w1, w2, w3;
};

struct LayerWeights {
  std::int64_t index = 0;  // of the layer in the model
  DenseWeights dense;
  ExpertWeights experts;
};

// Points the weights' `field` (&Weight::value or &Weight::grad) into a flat buffer of
// partition's layouts; `flat` starts at the first parameter of the part.
using Field = at::Tensor Weight::*;
void bind(RootWeights& weights, const config::ModelConfig& model, const at::Tensor& flat,
          Field field);
void bind(DenseWeights& weights, const config::ModelConfig& model, const at::Tensor& flat,
          Field field);
// `weights.num_experts` says how many experts the buffer holds.
void bind(ExpertWeights& weights, const config::ModelConfig& model, const at::Tensor& flat,
          Field field);

// Lets go of the flat buffers, so that they can be freed.
void unbind(RootWeights& weights, Field field);
void unbind(LayerWeights& weights, Field field);

// The weights that together cover each part once, in the form that `kernel` uses.
std::vector<Weight*> all_weights(RootWeights& weights);
std::vector<Weight*> all_weights(DenseWeights& weights);
std::vector<Weight*> all_weights(ExpertWeights& weights, config::ExpertKernel kernel);

}  // namespace moebench::model
