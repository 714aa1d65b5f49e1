#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "harness/config/cell.h"
#include "harness/model/weight.h"
#include "harness/partition/layout.h"

namespace moebench::model {

// Weights of a model's parts, views of flat buffers. What a model does not have stays undefined.

struct RootWeights {
  Weight embedding;   // [V, H]
  Weight norm;        // [H]
  Weight lm_head;     // [V, H]; unused where tied
  bool tied = false;  // the head multiplies with the embedding table; set by bind

  Weight& head() { return tied ? embedding : lm_head; }
};

// d = head_dim, v = value_dim().
struct AttentionWeights {
  // Grouped-query.
  Weight qkv;             // [(heads + 2 kv_heads) x d, H]
  Weight qkv_bias;        // [(heads + 2 kv_heads) x d]
  Weight q_norm, k_norm;  // [d], or over all heads [heads x d], [kv_heads x d]
  Weight sinks;           // [heads]
  // Latent: q, or q_a, its norm, and q_b.
  Weight q;                        // [heads x d, H]
  Weight q_a, q_a_bias, q_a_norm;  // [q_lora_rank, H], [q_lora_rank] twice
  Weight q_b;                      // [heads x d, q_lora_rank]
  Weight kv_a, kv_a_bias;          // [kv_lora_rank + qk_rope_head_dim, H] and its rows
  Weight kv_a_norm;                // [kv_lora_rank]
  Weight kv_b;                     // [heads x (qk_nope_head_dim + v), kv_lora_rank]
  // Both.
  Weight o;       // [H, heads x v]
  Weight o_bias;  // [H]
};

// Two projections, gate above up, and one back.
struct MlpWeights {
  Weight gate_up;  // [2I, H]
  Weight down;     // [H, I]
};

struct DenseWeights {
  Weight input_norm;  // [H]
  AttentionWeights attention;
  Weight post_norm;          // [H]
  Weight router;             // [E, H]
  Weight router_bias;        // [E]
  Weight router_correction;  // [E]; its gradient is never written, and 0
  MlpWeights mlp;            // of a dense layer, or the shared experts
  Weight shared_gate;        // [1, H]
};

// An expert's matrices, which may be transposed views of what is stored. In the form that `kernel`
// uses: stacks, or each expert by itself.
struct ExpertWeights {
  std::int64_t num_experts = 0;  // of this rank
  config::ExpertKernel kernel = config::ExpertKernel::kGrouped;
  bool interleaved = false;  // gate and up rows come in turns, else all gate rows first; by bind
  // grouped: [E, 2I, H], [E, H, I], [E, 2I], [E, H].
  Weight gate_up, down, gate_up_bias, down_bias;
  // loop: [2I, H], [2I], [H, I], [H]; and where rows are not interleaved gate and up projection
  // apart, [I, H] each, in place of both together.
  std::vector<Weight> gate_ups, gate_up_biases, downs, down_biases;
  std::vector<Weight> gates, ups;
};

struct LayerWeights {
  std::int64_t index = 0;  // of the layer in the model
  DenseWeights dense;
  ExpertWeights experts;
};

// Points the weights' `field` (&Weight::value or &Weight::grad) into a unit's flat buffer, which
// lies as `layout` says: those that it holds, and no others. `weights.experts` says beforehand how
// many experts those are, and in which form they are wanted.
using Field = at::Tensor Weight::*;
void bind(RootWeights& weights, const partition::Layout& layout, const at::Tensor& flat,
          Field field);
void bind(LayerWeights& weights, const partition::Layout& layout, const at::Tensor& flat,
          Field field);

// Lets go of the flat buffers, so that they can be freed.
void unbind(RootWeights& weights, Field field);
void unbind(LayerWeights& weights, Field field);

// The weights that are bound, which together cover each part once.
std::vector<Weight*> all_weights(RootWeights& weights);
std::vector<Weight*> all_weights(DenseWeights& weights);
std::vector<Weight*> all_weights(ExpertWeights& weights);

}  // namespace moebench::model
