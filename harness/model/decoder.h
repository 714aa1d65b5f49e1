#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "harness/config/cell.h"
#include "harness/model/attention_layer.h"
#include "harness/model/experts.h"
#include "harness/model/flat_weights.h"
#include "harness/model/ops.h"

namespace moebench::model {

// Holds what the layers of one micro-batch share.
struct BatchContext {
  at::Tensor tokens_T;  // int64
  at::Tensor labels_T;  // int64: the token that follows; negative where none counts
  AttentionContext attention;
  at::Tensor mask_T;  // fp32, 1 for real tokens and 0 for padding: padding is computed, as Hugging
                      // Face does, but does not count in the load-balancing loss
  ExpertFunction experts;
  // int32 [layers with experts, T, k] in place of the router's choice, or undefined.
  at::Tensor forced_ids_LTk;
  double tie_margin = 0;  // as RouteOptions::tie_margin
  // There is a load-balancing loss, so that layers sum what it needs.
  bool balances = true;
};

// Of a dense layer x_TH alone; without a load-balancing loss no sums.
struct LayerOutput {
  at::Tensor x_TH;
  at::Tensor
      prob_sum_E;  // fp32, differentiable: the router's probabilities summed over real tokens
  at::Tensor real_counts_E;  // fp32: choices of real tokens per expert
  ExpertLoad load;           // padding tokens included; under ep also those of other ranks
};

// Computes one decoder layer on x_TH: pre-norm attention, then a pre-norm mixture of experts with
// what the model has beside it (shared experts), or a dense layer's MLP.
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

// Load-balancing loss of Switch Transformers (Fedus et al. 2021) as Hugging Face computes it for
// all models that have one, over all layers of a micro-batch with experts together: with f_e the
// share of choices and P_e the mean probability of expert e over real tokens and layers,
// E x sum_e f_e P_e. Where no layer has sums it is 0.
struct LoadBalancing {
  at::Tensor loss;               // fp64 []
  at::Tensor dloss_dprob_sum_E;  // fp32, the same for every layer; undefined without sums
};
LoadBalancing load_balancing_loss(const std::vector<LayerOutput>& layers, double num_real_tokens);

}  // namespace moebench::model
