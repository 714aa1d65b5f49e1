#pragma once

#include <array>
#include <cstddef>

#include "harness/base/names.h"

// The names of a step's phases, for those who mark them and those who print them.
namespace moebench::measure {

// Names what a rank does with its time within a training step. The phases from kEmbedding to kLoss
// are the forward pass in its order, what activation checkpointing computes again included; each
// has its backward.
enum class Phase {
  kOther,      // none of the parts below
  kData,       // making the micro-batches
  kEmbedding,  // looking up token embeddings
  kAttention,  // first norm, projections, attention, residual
  kMlp,        // shared experts; in a dense layer second norm, MLP, residual
  kRouter,     // second norm, the router, its choice and what is counted of it
  kDispatch,   // grouping rows by expert and sending them
  kExperts,    // the experts' products
  kCombine,    // returning rows, summing them, residual
  kLoss,       // final norm, logits, cross entropy with the gradient of the logits
  kLossBackward,
  kCombineBackward,
  kExpertsBackward,
  kDispatchBackward,
  kRouterBackward,
  kMlpBackward,
  kAttentionBackward,
  kEmbeddingBackward,
  kGather,      // starting, and waiting for, the all-gathers of parameters
  kReduce,      // reduce-scatters of gradients, and sums over ranks
  kOptimizer,   // gradient norm and AdamW
  kCheckpoint,  // saving one; lies between steps
};

constexpr auto names_of(Phase) {
  return name_table<Phase>({{Phase::kOther, "other"},
                            {Phase::kData, "data"},
                            {Phase::kEmbedding, "embedding"},
                            {Phase::kAttention, "attention"},
                            {Phase::kMlp, "mlp"},
                            {Phase::kRouter, "router"},
                            {Phase::kDispatch, "dispatch"},
                            {Phase::kExperts, "experts"},
                            {Phase::kCombine, "combine"},
                            {Phase::kLoss, "loss"},
                            {Phase::kLossBackward, "loss_backward"},
                            {Phase::kCombineBackward, "combine_backward"},
                            {Phase::kExpertsBackward, "experts_backward"},
                            {Phase::kDispatchBackward, "dispatch_backward"},
                            {Phase::kRouterBackward, "router_backward"},
                            {Phase::kMlpBackward, "mlp_backward"},
                            {Phase::kAttentionBackward, "attention_backward"},
                            {Phase::kEmbeddingBackward, "embedding_backward"},
                            {Phase::kGather, "gather"},
                            {Phase::kReduce, "reduce"},
                            {Phase::kOptimizer, "optimizer"},
                            {Phase::kCheckpoint, "checkpoint"}});
}
using moebench::to_string;

inline constexpr std::size_t kNumPhases = kNumNames<Phase>;

// The backward of a phase of the forward pass; another phase is its own.
constexpr Phase backward_of(Phase phase) {
  if (phase < Phase::kEmbedding || phase > Phase::kLoss) return phase;
  const int from_loss = static_cast<int>(Phase::kLoss) - static_cast<int>(phase);
  return static_cast<Phase>(static_cast<int>(Phase::kLossBackward) + from_loss);
}

// Whether only some models have the phase: of others nothing is told of it.
constexpr bool is_of_some_models(Phase phase) {
  return phase == Phase::kMlp || phase == Phase::kMlpBackward;
}

// The phases that add up to a step, in its order; kOther comes last. Saving a checkpoint lies
// between steps.
inline constexpr auto kStepPhases = [] {
  std::array<Phase, kNumPhases - 1> phases{};
  std::size_t count = 0;
  for (const Phase phase : kValues<Phase>) {
    if (phase != Phase::kOther && phase != Phase::kCheckpoint) phases[count++] = phase;
  }
  phases[count] = Phase::kOther;
  return phases;
}();

}  // namespace moebench::measure
