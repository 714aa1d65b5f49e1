#include "harness/model/decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/add.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <ATen/record_function.h>

#include <utility>

#include "harness/measure/phases.h"
#include "harness/model/backward_mark.h"
#include "harness/model/mlp.h"
#include "harness/model/recorded.h"
#include "harness/model/router.h"

namespace moebench::model {
namespace {

using config::ModelConfig;
using measure::Phase;

// Choices of real tokens by expert, fp32 [E]: exact up to 2^24 of them, in whatever order a GPU
// adds. at::bincount would make the host wait for the GPU, twice, to learn the range of the ids.
at::Tensor real_counts(const at::Tensor& ids_Tk, const at::Tensor& mask_T,
                       std::int64_t num_experts) {
  const at::Tensor mask_Tk = mask_T.unsqueeze(1).expand_as(ids_Tk);
  return at::zeros({num_experts}, mask_T.options())
      .scatter_add_(0, ids_Tk.flatten().to(at::kLong), mask_Tk.flatten());
}

// Pre-norm attention, added to the residual x_TH.
at::Tensor attended(const at::Tensor& x_TH, LayerWeights& weights, const ModelConfig& model,
                    const BatchContext& batch) {
  const at::Tensor normed = rms_norm(x_TH, weights.dense.input_norm, model.rms_norm_eps);
  return at::add(x_TH, attention_layer(normed, weights, model, batch.attention),
                 model.residual_multiplier);
}

at::Tensor shared_experts(const at::Tensor& x_TH, DenseWeights& weights, const ModelConfig& model) {
  const measure::PhaseScope phase(Phase::kMlp);
  at::Tensor y_TH = gated_mlp(x_TH, weights.mlp);
  if (model.shared_gate) y_TH = y_TH * at::sigmoid(linear(x_TH, weights.shared_gate));
  mark_backward(y_TH, Phase::kMlp);
  return y_TH;
}

at::Tensor dense_layer(const at::Tensor& residual_TH, DenseWeights& weights,
                       const ModelConfig& model) {
  const measure::PhaseScope phase(Phase::kMlp);
  const at::Tensor normed = rms_norm(residual_TH, weights.post_norm, model.rms_norm_eps);
  at::Tensor x_TH = at::add(residual_TH, gated_mlp(normed, weights.mlp), model.residual_multiplier);
  mark_backward(x_TH, Phase::kMlp);
  return x_TH;
}

LayerOutput sparse_layer(const at::Tensor& residual_TH, LayerWeights& weights,
                         const ModelConfig& model, const BatchContext& batch) {
  measure::PhaseScope phase(Phase::kRouter);
  DenseWeights& dense = weights.dense;
  const at::Tensor moe_in = rms_norm(residual_TH, dense.post_norm, model.rms_norm_eps);
  mark_backward(moe_in, Phase::kRouter);
  RouteOptions options{.tie_margin = batch.tie_margin};
  if (batch.forced_ids_LTk.defined()) {
    options.forced_ids_Tk = batch.forced_ids_LTk.select(0, model.sparse_index(weights.index));
  }
  const Routing routing = route(moe_in, dense, model, options);
  mark_backward(routing.weights_Tk, Phase::kRouter);
  LayerOutput out;
  at::Tensor shared_TH;
  const auto meanwhile = [&] {
    if (batch.balances) {
      const measure::PhaseScope router(Phase::kRouter);
      out.prob_sum_E = at::mv(routing.scores_TE.t(), batch.mask_T);
      mark_backward(out.prob_sum_E, Phase::kRouter);
      out.real_counts_E = real_counts(routing.ids_Tk, batch.mask_T, model.num_experts);
    }
    if (model.shared_intermediate_size > 0) shared_TH = shared_experts(moe_in, dense, model);
  };
  ExpertOutput experts =
      batch.experts(moe_in, routing.weights_Tk, routing.ids_Tk, weights.experts, meanwhile);
  phase.change(Phase::kCombine);
  if (shared_TH.defined()) experts.y_TH = experts.y_TH + shared_TH;
  out.x_TH = at::add(residual_TH, experts.y_TH, model.residual_multiplier);
  mark_backward(out.x_TH, Phase::kCombine);
  out.load = std::move(experts.load);
  return out;
}

}  // namespace

LayerOutput decoder_layer(const at::Tensor& x_TH, LayerWeights& weights, const ModelConfig& model,
                          const BatchContext& batch) {
  const measure::PhaseScope phase(Phase::kAttention);
  const at::Tensor residual = attended(x_TH, weights, model, batch);
  mark_backward(residual, Phase::kAttention);
  if (!model.is_dense(weights.index)) return sparse_layer(residual, weights, model, batch);
  LayerOutput out;
  out.x_TH = dense_layer(residual, weights.dense, model);
  return out;
}

at::Tensor embed(const at::Tensor& tokens, const RootWeights& weights,
                 const config::ModelConfig& model) {
  const at::Tensor x_TH = weights.embedding.value.index_select(0, tokens);
  return model.embedding_multiplier == 1 ? x_TH : x_TH * model.embedding_multiplier;
}

void embed_backward(const at::Tensor& tokens, const at::Tensor& dx_TH, RootWeights& weights,
                    const config::ModelConfig& model) {
  at::Tensor rows_TH = dx_TH;
  if (model.embedding_multiplier != 1) rows_TH = rows_TH * model.embedding_multiplier;
  if (model.pad_token_id >= 0) {
    rows_TH = rows_TH.masked_fill((tokens == model.pad_token_id).unsqueeze(1), 0);
  }
  Weight& table = weights.embedding;
  const bool accumulate = table.accumulate || table.written;
  RECORD_FUNCTION("moebench::embedding_backward", kNoInputs);
  rows::embedding_backward(tokens, rows_TH, table.grad, accumulate);
  table.written = true;
}

at::Tensor head_input(const at::Tensor& x_TH, RootWeights& weights,
                      const config::ModelConfig& model) {
  const at::Tensor normed = rms_norm(x_TH, weights.norm, model.rms_norm_eps);
  return model.logits_scaling == 1 ? normed : normed / model.logits_scaling;
}

at::Tensor logits(const at::Tensor& x_TH, RootWeights& weights, const config::ModelConfig& model) {
  return linear(head_input(x_TH, weights, model), weights.head());
}

LoadBalancing load_balancing_loss(const std::vector<LayerOutput>& layers, double num_real_tokens) {
  at::Tensor counts_E, probs_E;
  std::int64_t num_layers = 0;
  for (const LayerOutput& layer : layers) {
    if (!layer.prob_sum_E.defined()) continue;
    if (++num_layers == 1) {
      counts_E = at::zeros_like(layer.real_counts_E);
      probs_E = at::zeros_like(counts_E);
    }
    counts_E += layer.real_counts_E;
    probs_E += layer.prob_sum_E.detach();
  }
  if (num_layers == 0) return {at::zeros({}, at::kDouble), at::Tensor()};
  const double denominator = num_real_tokens * static_cast<double>(num_layers);
  const double factor = static_cast<double>(counts_E.size(0)) / (denominator * denominator);
  LoadBalancing result;
  result.loss = at::dot(counts_E, probs_E).to(at::kDouble) * factor;
  result.dloss_dprob_sum_E = counts_E * factor;
  return result;
}

}  // namespace moebench::model
