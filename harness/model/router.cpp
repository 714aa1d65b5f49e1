#include "harness/model/router.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>

#include <limits>
#include <tuple>

#include "harness/base/check.h"
#include "harness/model/ops.h"

namespace moebench::model {
namespace {

using config::ModelConfig;

at::Tensor logits_of(const at::Tensor& x_TH, DenseWeights& weights, const ModelConfig& model) {
  if (!model.router_fp32) return linear(x_TH, weights.router, weights.router_bias);
  MOEBENCH_CHECK(!model.router_bias);  // which no such model has
  return linear_in_fp32(x_TH, weights.router);
}

at::Tensor scores_of(const at::Tensor& logits_TE, const ModelConfig& model) {
  switch (model.router_score) {
    case config::RouterScore::kSoftmax:
      return at::softmax(logits_TE.to(at::kFloat), -1);
    case config::RouterScore::kSigmoid:
      return at::sigmoid(logits_TE.to(at::kFloat));
  }
  MOEBENCH_CHECK(!"a router score outside its enumeration");
}

// The k best of each row; where the last of them leads by less than `margin`, relative, the one
// behind it.
at::Tensor best(const at::Tensor& scores, std::int64_t k, double margin) {
  if (margin == 0 || k == scores.size(1)) return std::get<1>(at::topk(scores, k, -1));
  const auto [top, ids] = at::topk(scores, k + 1, -1);
  const at::Tensor last = top.select(1, k - 1), next = top.select(1, k);
  const at::Tensor is_tie = (last - next) < last.abs() * margin;
  at::Tensor chosen = ids.narrow(1, 0, k).clone();
  chosen.select(1, k - 1).copy_(at::where(is_tie, ids.select(1, k), chosen.select(1, k - 1)));
  return chosen;
}

// -inf for experts outside the best groups, which are neighbours each.
at::Tensor within_best_groups(const at::Tensor& scores_TE, const ModelConfig& model,
                              double margin) {
  const std::int64_t groups = model.num_expert_groups;
  const at::Tensor by_group = scores_TE.view({-1, groups, scores_TE.size(1) / groups});
  const at::Tensor group_scores = model.group_score == config::GroupScore::kBest
                                      ? by_group.amax(-1)
                                      : std::get<0>(at::topk(by_group, 2, -1)).sum(-1);
  const at::Tensor chosen = best(group_scores, model.top_k_groups, margin);
  const at::Tensor is_out = at::ones_like(group_scores, at::kBool).scatter_(1, chosen, 0);
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  return by_group.masked_fill(is_out.unsqueeze(-1), kNever).view_as(scores_TE);
}

at::Tensor choose(at::Tensor scores_TE, const DenseWeights& weights, const ModelConfig& model,
                  double margin) {
  const at::AutoGradMode grad_mode(false);
  if (model.router_correction) scores_TE = scores_TE + weights.router_correction.value;
  if (model.num_expert_groups > 1) scores_TE = within_best_groups(scores_TE, model, margin);
  return best(scores_TE, model.top_k, margin);
}

at::Tensor weights_of(const at::Tensor& chosen_Tk, const ModelConfig& model) {
  at::Tensor weights = chosen_Tk;
  if (model.normalise_top_k) {
    at::Tensor sum = chosen_Tk.sum(-1, /*keepdim=*/true);
    // Sigmoids may all be 0.
    if (model.router_score == config::RouterScore::kSigmoid) sum = sum + 1e-20;
    weights = chosen_Tk / sum;
  }
  if (model.routed_scaling_factor != 1) weights = weights * model.routed_scaling_factor;
  return weights;
}

}  // namespace

Routing route(const at::Tensor& x_TH, DenseWeights& weights, const ModelConfig& model,
              const RouteOptions& options) {
  const at::Tensor logits = logits_of(x_TH, weights, model);
  if (model.takes_best_of_softmax() && options.tie_margin == 0) {  // all in one kernel
    const kernels::RouteShape shape{logits.size(0), logits.size(1), model.top_k,
                                    model.normalise_top_k,
                                    static_cast<float>(model.routed_scaling_factor)};
    return route_logits(logits, options.forced_ids_Tk, shape);
  }
  Routing routing;
  routing.scores_TE = scores_of(logits, model);
  at::Tensor ids = choose(routing.scores_TE, weights, model, options.tie_margin);
  if (options.forced_ids_Tk.defined()) ids = options.forced_ids_Tk.to(at::kLong);
  routing.weights_Tk = weights_of(routing.scores_TE.gather(-1, ids), model);
  routing.ids_Tk = ids.to(at::kInt);
  return routing;
}

}  // namespace moebench::model
