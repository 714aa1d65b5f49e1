#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::partition {

// What a parameter is for, whatever its model calls it. A model has those of its parts alone.
enum class Role {
  kEmbedding,
  kFinalNorm,
  kHead,
  // Of a layer: norms before attention and before experts or MLP.
  kInputNorm,
  kPostNorm,
  // Grouped-query attention. Biases of all three come behind all three weights.
  kQ,
  kK,
  kV,
  kQBias,
  kKBias,
  kVBias,
  kQNorm,
  kKNorm,
  kSinks,
  kO,
  kOBias,
  // Latent attention: down to a latent vector (A), its norm, up again (B). kQ without a latent one.
  kQA,
  kQABias,
  kQANorm,
  kQB,
  kKvA,
  kKvABias,
  kKvANorm,
  kKvB,
  // The gated MLP of a dense layer, or the shared experts: two projections, or both in one.
  kMlpGate,
  kMlpUp,
  kMlpGateUp,
  kMlpDown,
  kSharedGate,  // whose sigmoid the shared experts' output is multiplied with
  kRouter,
  kRouterBias,
  kRouterCorrection,
  // One expert's, or with the experts as first dimension all experts'.
  kExpertGate,
  kExpertUp,
  kExpertDown,
  kExpertGateUp,
  // The same as gpt-oss has them, [in, out]: columns of gate and up in turns.
  kExpertGateUpColumns,
  kExpertDownColumns,
  kExpertGateUpBias,
  kExpertDownBias
};
inline constexpr std::size_t kNumRoles = static_cast<std::size_t>(Role::kExpertDownBias) + 1;

// False for what gradient descent leaves as it is.
constexpr bool is_trained(Role role) { return role != Role::kRouterCorrection; }

// Of routed experts.
constexpr bool is_of_experts(Role role) { return role >= Role::kExpertGate; }

// A parameter under its Hugging Face name, e.g.
// "model.layers.0.block_sparse_moe.experts.3.w1.weight", shape [intermediate, hidden].
struct ParameterSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  Role role = Role::kEmbedding;
  std::int64_t expert = -1;  // whose it is alone
  std::int64_t num_elements() const;
};

// All parameters of a model: embedding, layers in order, final norm, and lm_head unless it is tied
// to the embedding. Most models have a tensor for each expert and projection. GraniteMoe has two
// for all experts of a layer: input_linear [experts, 2 x intermediate, hidden], an expert's gate
// above its up projection, and output_linear [experts, hidden, intermediate]; gpt-oss has
// gate_up_proj [experts, hidden, 2 x intermediate], gate and up in turns, down_proj [experts,
// intermediate, hidden], and a bias of each.
std::vector<ParameterSpec> model_parameters(const config::ModelConfig& model);

// These return the parameters of one layer, and those of no layer.
std::vector<ParameterSpec> layer_parameters(const config::ModelConfig& model, std::int64_t layer);
std::vector<ParameterSpec> root_parameters(const config::ModelConfig& model);

// Whether the experts of a layer are stacked in one tensor a projection.
bool has_stacked_experts(const config::ModelConfig& model);

}  // namespace moebench::partition
