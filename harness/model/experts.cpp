#include "harness/model/experts.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/index.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <utility>
#include <vector>

#include "harness/base/check.h"
#include "harness/config/expert_rows.h"
#include "harness/device/kernel_path.h"
#include "harness/measure/phases.h"
#include "harness/model/backward_mark.h"
#include "harness/model/dtype.h"
#include "harness/model/ops.h"

namespace moebench::model {
namespace {

using kernels::GatedActivation;
using measure::Phase;

at::Tensor activated(const at::Tensor& gate, const at::Tensor& up,
                     const GatedActivation& activation) {
  if (activation.limit == 0) return at::silu(gate) * up;
  const double limit = activation.limit;
  const at::Tensor g = at::clamp_max(gate, limit);
  return (at::clamp(up, -limit, limit) + 1) * (g * at::sigmoid(g * double{activation.alpha}));
}

// A projection of one expert, with its bias where experts have them.
at::Tensor project(const at::Tensor& x, std::vector<Weight>& matrices, std::vector<Weight>& biases,
                   std::size_t expert) {
  if (biases.empty()) return linear(x, matrices[expert]);
  return linear(x, matrices[expert], biases[expert]);
}

at::Tensor hidden_of(const at::Tensor& x, ExpertWeights& weights, std::size_t expert,
                     const GatedActivation& activation) {
  if (!weights.interleaved) {
    MOEBENCH_CHECK(weights.gate_up_biases.empty());
    const at::Tensor gate = linear(x, weights.gates[expert]);
    return activated(gate, linear(x, weights.ups[expert]), activation);
  }
  const at::Tensor gate_up = project(x, weights.gate_ups, weights.gate_up_biases, expert);
  return activated(gate_up.slice(1, 0, std::nullopt, 2), gate_up.slice(1, 1, std::nullopt, 2),
                   activation);
}

ExpertOutput loop_experts(const at::Tensor& x_TH, const at::Tensor& weights_Tk,
                          const at::Tensor& ids_Tk, ExpertWeights& weights,
                          const GatedActivation& activation) {
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
    at::Tensor y_e =
        project(hidden_of(x_e, weights, i, activation), weights.downs, weights.down_biases, i);
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
                                   const GatedActivation& activation) {
  measure::PhaseScope phase(Phase::kDispatch);
  const std::int64_t top_k = ids_Tk.size(1);
  const std::int64_t row_multiple =
      device::takes_gpu_kernels(x_TH)
          ? 1
          : config::expert_row_multiple(dtype_of(x_TH.scalar_type()), ids_Tk.numel(),
                                        weights.num_experts);
  const SharedRowGroups groups = group_rows(ids_Tk, weights.num_experts, row_multiple);
  const at::Tensor rows = permute_rows(x_TH, groups, top_k);
  mark_backward(rows, Phase::kDispatch);
  phase.change(Phase::kExperts);
  const at::Tensor out = grouped_experts(rows, groups, weights, activation);
  mark_backward(out, Phase::kExperts);
  phase.change(Phase::kCombine);
  at::Tensor y_TH = combine_rows(out, weights_Tk, groups, top_k);
  mark_backward(y_TH, Phase::kCombine);
  return {std::move(y_TH), {rows_of_experts(*groups), groups->num_rows - groups->num_pairs}};
}

auto* function_of(config::ExpertKernel kernel) {
  switch (kernel) {
    case config::ExpertKernel::kLoop:
      return &loop_experts;
    case config::ExpertKernel::kGrouped:
      return &grouped_local_experts;
  }
  MOEBENCH_CHECK(!"an expert kernel outside its enumeration");
}

}  // namespace

GatedActivation expert_activation(const config::ModelConfig& model) {
  return {static_cast<float>(model.swiglu_limit), static_cast<float>(model.swiglu_alpha)};
}

ExpertFunction local_experts(config::ExpertKernel kernel, const GatedActivation& activation) {
  return [apply = function_of(kernel), activation](
             const at::Tensor& x_TH, const at::Tensor& weights_Tk, const at::Tensor& ids_Tk,
             ExpertWeights& weights, const Meanwhile& meanwhile) {
    meanwhile();
    return apply(x_TH, weights_Tk, ids_Tk, weights, activation);
  };
}

}  // namespace moebench::model
