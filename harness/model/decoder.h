#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/config/cell.h"
#include "harness/model/attention_layer.h"
#include "harness/model/flat_weights.h"
#include "harness/model/ops.h"

namespace moebench::model {

struct ExpertLoad {
  at::Tensor rows_E;             // int64: that each expert of this process computed
  std::int64_t padded_rows = 0;  // computed beside them, to fill up groups
};
struct ExpertOutput {
  at::Tensor y_TH;
  ExpertLoad load;
};

// Work that needs nothing of the experts; called once.
using Meanwhile = std::function<void()>;

// Applies the experts that `ids` chose: y[t] = sum over j of weights[t, j] x expert ids[t, j] of
// x[t]. x_TH: [T, H]; weights_Tk: fp32 [T, k], or undefined for ones; ids_Tk: int32 [T, k].
// Where rows travel to their experts, `meanwhile` runs while they do.
using ExpertFunction = std::function<ExpertOutput(
    const at::Tensor& x_TH, const at::Tensor& weights_Tk, const at::Tensor& ids_Tk,
    ExpertWeights& weights, const Meanwhile& meanwhile)>;

// All experts of `weights` in this process. `loop`: one masked pass per expert, as Hugging Face's
// eager Mixtral does; `grouped`: rows sorted by expert, then one product per group.
ExpertFunction local_experts(config::ExpertKernel kernel);

// Holds what the layers of one micro-batch share.
struct BatchContext {
  at::Tensor tokens_T;  // int64
  at::Tensor labels_T;  // int64: the token that follows; negative where none counts
  AttentionContext attention;
  at::Tensor mask_T;  // fp32, 1 for real tokens and 0 for padding: padding is computed, as Hugging
                      // Face does, but does not count in the load-balancing loss
  ExpertFunction experts;
  at::Tensor forced_ids_LTk;  // int64 [layers, T, k] in place of the router's choice, or undefined
  // Takes the next expert for the last chosen one where its probability is within this of it,
  // relative: what a router may do whose sums are rounded otherwise.
  double tie_margin = 0;
};

struct LayerOutput {
  at::Tensor x_TH;
  at::Tensor
      prob_sum_E;  // fp32, differentiable: the router's probabilities summed over real tokens
  at::Tensor real_counts_E;  // fp32: choices of real tokens per expert
  ExpertLoad load;           // padding tokens included; under ep also those of other ranks
};

// Computes one decoder layer (pre-norm attention, pre-norm mixture of experts) on x_TH.
LayerOutput decoder_layer(const at::Tensor& x_TH, LayerWeights& weights,
                          const config::ModelConfig& model, const BatchContext& batch);

// Rows of the embedding table times embedding_multiplier, [T, H]. tokens: int64 [T].
at::Tensor embed(const at::Tensor& tokens, const RootWeights& weights,
                 const config::ModelConfig& model);
// Leaves the table's gradient in weights.embedding.grad; adds it where a tied head has left its
// own there already.
void embed_backward(const at::Tensor& tokens, const at::Tensor& dx_TH, RootWeights& weights,
                    const config::ModelConfig& model);

// Returns what the head multiplies with, [T, H]: the final norm, divided by logits_scaling, which
// costs less here than on the logits.
at::Tensor head_input(const at::Tensor& x_TH, RootWeights& weights,
                      const config::ModelConfig& model);
// Logits of every token, [T, V].
at::Tensor logits(const at::Tensor& x_TH, RootWeights& weights, const config::ModelConfig& model);

// Load-balancing loss of Switch Transformers (Fedus et al. 2021) as Hugging Face's Mixtral
// computes it, over all layers of a micro-batch together: with f_e the share of choices and P_e
// the mean probability of expert e over real tokens and layers, E x sum_e f_e P_e.
struct LoadBalancing {
  at::Tensor loss;               // fp64 []
  at::Tensor dloss_dprob_sum_E;  // fp32, the same for every layer
};
LoadBalancing load_balancing_loss(const std::vector<LayerOutput>& layers, double num_real_tokens);

}  // namespace moebench::model
