#include "harness/model/decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/add.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/index.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <ATen/record_function.h>

#include <memory>
#include <tuple>
#include <utility>

#include "harness/base/check.h"
#include "harness/device/kernel_path.h"
#include "harness/measure/phases.h"
#include "harness/model/backward_mark.h"

namespace moebench::model {
namespace {

using measure::Phase;

ExpertOutput loop_experts(const at::Tensor& x_TH, const at::Tensor& weights_Tk,
                          const at::Tensor& ids_Tk, ExpertWeights& weights,
                          const Meanwhile& meanwhile) {
  meanwhile();
  std::vector<std::int64_t> row_counts(static_cast<std::size_t>(weights.num_experts), 0);
  // Without rows there is still a backward pass to join: peers wait in its exchanges.
  if (x_TH.size(0) == 0) return {x_TH.clone(), {at::tensor(row_counts)}};
  measure::PhaseScope phase(Phase::kDispatch);
  at::Tensor y_TH = at::zeros_like(x_TH);
  for (std::int64_t e = 0; e < weights.num_experts; ++e) {
    phase.change(Phase::kDispatch);
    const auto i = static_cast<std::size_t>(e);
    const at::Tensor hits = at::nonzero(ids_Tk == e);
    row_counts[i] = hits.size(0);
    if (hits.size(0) == 0) continue;
    const at::Tensor token = hits.select(1, 0);
    const at::Tensor x_e = x_TH.index_select(0, token);
    mark_backward(x_e, Phase::kDispatch);
    phase.change(Phase::kExperts);
    const at::Tensor hidden = at::silu(linear(x_e, weights.gates[i])) * linear(x_e, weights.ups[i]);
    at::Tensor y_e = linear(hidden, weights.downs[i]);
    mark_backward(y_e, Phase::kExperts);
    phase.change(Phase::kCombine);
    if (weights_Tk.defined()) {
      const at::Tensor weight = at::index(weights_Tk, {token, hits.select(1, 1)});
      y_e = y_e * weight.unsqueeze(1).to(y_e.scalar_type());
    }
    y_TH.index_add_(0, token, y_e);
    mark_backward(y_TH, Phase::kCombine);
  }
  return {y_TH, {at::tensor(row_counts)}};
}

ExpertOutput grouped_local_experts(const at::Tensor& x_TH, const at::Tensor& weights_Tk,
                                   const at::Tensor& ids_Tk, ExpertWeights& weights,
                                   const Meanwhile& meanwhile) {
  meanwhile();
  measure::PhaseScope phase(Phase::kDispatch);
  // oneDNN builds a primitive for every new row count; 16 keeps their number small for about 6 %
  // of empty rows at 128 rows an expert. fp32 products and those of a GPU need none.
  const bool fills_up = x_TH.scalar_type() == at::kBFloat16 && !device::takes_gpu_kernels(x_TH);
  const std::int64_t top_k = ids_Tk.size(1);
  const SharedRowGroups groups = group_rows(ids_Tk, weights.num_experts, fills_up ? 16 : 1);
  const at::Tensor rows = permute_rows(x_TH, groups, top_k);
  mark_backward(rows, Phase::kDispatch);
  phase.change(Phase::kExperts);
  const at::Tensor out = grouped_experts(rows, groups, weights.gate_up, weights.down);
  mark_backward(out, Phase::kExperts);
  phase.change(Phase::kCombine);
  at::Tensor y_TH = combine_rows(out, weights_Tk, groups, top_k);
  mark_backward(y_TH, Phase::kCombine);
  return {std::move(y_TH), {rows_of_experts(*groups), groups->num_rows - groups->num_pairs}};
}

struct Routing {
  at::Tensor probs_TE;    // fp32
  at::Tensor weights_Tk;  // fp32, renormalised to sum 1
  at::Tensor ids_Tk;      // int64
};

// The k most probable experts; where the last of them leads by less than `margin`, relative, the
// one behind it.
at::Tensor other_at_ties(const at::Tensor& probs_TE, std::int64_t top_k, double margin) {
  const auto [top, ids] = at::topk(probs_TE, top_k + 1, -1);
  const at::Tensor last = top.select(1, top_k - 1), next = top.select(1, top_k);
  const at::Tensor is_tie = (last - next) < last * margin;
  at::Tensor chosen = ids.narrow(1, 0, top_k).clone();
  chosen.select(1, top_k - 1)
      .copy_(at::where(is_tie, ids.select(1, top_k), chosen.select(1, top_k - 1)));
  return chosen;
}

// `forced_ids`: undefined, or the choice that replaces the router's. The router then still picks,
// so that it costs what it costs, and still gets the gradient of the weights.
Routing route(const at::Tensor& x_TH, Weight& router, std::int64_t top_k,
              const at::Tensor& forced_ids, double tie_margin) {
  const at::Tensor probs = at::softmax(linear(x_TH, router).to(at::kFloat), -1);
  auto [top, ids] = at::topk(probs, top_k, -1);
  if (forced_ids.defined()) {
    ids = forced_ids;
    top = probs.gather(-1, ids);
  } else if (tie_margin > 0 && top_k < probs.size(1)) {
    ids = other_at_ties(probs, top_k, tie_margin);
    top = probs.gather(-1, ids);
  }
  return {probs, top / top.sum(-1, /*keepdim=*/true), ids};
}

// Choices of real tokens by expert, fp32 [E]: exact up to 2^24 of them, in whatever order a GPU
// adds. at::bincount would make the host wait for the GPU, twice, to learn the range of the ids.
at::Tensor real_counts(const at::Tensor& ids_Tk, const at::Tensor& mask_T,
                       std::int64_t num_experts) {
  const at::Tensor mask_Tk = mask_T.unsqueeze(1).expand_as(ids_Tk);
  return at::zeros({num_experts}, mask_T.options())
      .scatter_add_(0, ids_Tk.flatten(), mask_Tk.flatten());
}

}  // namespace

ExpertFunction local_experts(config::ExpertKernel kernel) {
  switch (kernel) {
    case config::ExpertKernel::kLoop:
      return loop_experts;
    case config::ExpertKernel::kGrouped:
      return grouped_local_experts;
  }
  MOEBENCH_CHECK(!"an expert kernel outside its enumeration");
}

LayerOutput decoder_layer(const at::Tensor& x_TH, LayerWeights& weights,
                          const config::ModelConfig& model, const BatchContext& batch) {
  measure::PhaseScope phase(Phase::kAttention);
  DenseWeights& dense = weights.dense;
  const at::Tensor normed = rms_norm(x_TH, dense.input_norm, model.rms_norm_eps);
  const at::Tensor residual = at::add(
      x_TH, attention_layer(normed, weights, model, batch.attention), model.residual_multiplier);
  mark_backward(residual, Phase::kAttention);

  phase.change(Phase::kRouter);
  const at::Tensor moe_in = rms_norm(residual, dense.post_norm, model.rms_norm_eps);
  mark_backward(moe_in, Phase::kRouter);
  const at::Tensor& forced = batch.forced_ids_LTk;
  const Routing routing =
      route(moe_in, dense.router, model.top_k,
            forced.defined() ? forced.select(0, weights.index) : forced, batch.tie_margin);
  mark_backward(routing.weights_Tk, Phase::kRouter);
  LayerOutput out;
  const auto sum_choices = [&] {
    const measure::PhaseScope router(Phase::kRouter);
    out.prob_sum_E = at::mv(routing.probs_TE.t(), batch.mask_T);
    mark_backward(out.prob_sum_E, Phase::kRouter);
    out.real_counts_E = real_counts(routing.ids_Tk, batch.mask_T, model.num_experts);
  };
  ExpertOutput experts = batch.experts(moe_in, routing.weights_Tk, routing.ids_Tk.to(at::kInt),
                                       weights.experts, sum_choices);
  phase.change(Phase::kCombine);
  out.x_TH = at::add(residual, experts.y_TH, model.residual_multiplier);
  mark_backward(out.x_TH, Phase::kCombine);
  out.load = std::move(experts.load);
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
  RECORD_FUNCTION("moebench::embedding_backward", std::vector<c10::IValue>());
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
  at::Tensor counts_E = at::zeros_like(layers[0].real_counts_E);
  at::Tensor probs_E = at::zeros_like(counts_E);
  for (const LayerOutput& layer : layers) {
    counts_E += layer.real_counts_E;
    probs_E += layer.prob_sum_E.detach();
  }
  const double denominator = num_real_tokens * static_cast<double>(layers.size());
  const double factor = static_cast<double>(counts_E.size(0)) / (denominator * denominator);
  LoadBalancing result;
  result.loss = at::dot(counts_E, probs_E).to(at::kDouble) * factor;
  result.dloss_dprob_sum_E = counts_E * factor;
  return result;
}

}  // namespace moebench::model
