#include "harness/model/ops.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros_like.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <utility>
#include <vector>

#include "harness/model/capsule.h"
#include "harness/model/recorded.h"

namespace moebench::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct LinearFunction : Function<LinearFunction> {
  // bias: null for none.
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, Weight* weight,
                            Weight* bias) {
    ctx->save_for_backward({x});
    keep(ctx, "weight", weight);
    keep(ctx, "bias", bias);
    if (bias != nullptr) return at::addmm(bias->value, x, weight->value.t());
    return at::mm(x, weight->value.t());
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    Weight* weight = kept<Weight*>(ctx, "weight");
    const at::Tensor dy = grads[0].contiguous();
    const at::Tensor x = ctx->get_saved_variables()[0];
    store_product(dy.t(), x, weight->accumulate, weight->grad);
    weight->written = true;
    if (Weight* bias = kept<Weight*>(ctx, "bias"); bias != nullptr) store(dy.sum(0), *bias);
    return {at::mm(dy, weight->value), at::Tensor(), at::Tensor()};
  }
};

// Keeps x as it is: both are taken to fp32 again for the backward pass.
struct LinearInFp32Function : Function<LinearInFp32Function> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, Weight* weight) {
    ctx->save_for_backward({x});
    keep(ctx, "weight", weight);
    return at::mm(x.to(at::kFloat), weight->value.to(at::kFloat).t());
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    Weight* weight = kept<Weight*>(ctx, "weight");
    const at::Tensor dy = grads[0].contiguous();
    const at::Tensor x = ctx->get_saved_variables()[0];
    store(at::mm(dy.t(), x.to(at::kFloat)), *weight);
    return {at::mm(dy, weight->value.to(at::kFloat)).to(x.scalar_type()), at::Tensor()};
  }
};

struct RmsNormFunction : Function<RmsNormFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, Weight* weight, double eps) {
    const at::Tensor y = at::empty_like(x);
    const at::Tensor rstd = at::empty({x.size(0)}, x.options().dtype(at::kFloat));
    RECORD_FUNCTION("moebench::rms_norm", kNoInputs);
    rows::rms_norm(x, weight->value, eps, y, rstd);
    ctx->save_for_backward({x, rstd});
    keep(ctx, "weight", weight);
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    Weight* weight = kept<Weight*>(ctx, "weight");
    const auto saved = ctx->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor dy = grads[0].contiguous();
    const at::Tensor dx = at::empty_like(x);
    RECORD_FUNCTION("moebench::rms_norm_backward", kNoInputs);
    rows::rms_norm_backward(dy, x, weight->value, saved[1], dx, weight->grad, weight->accumulate);
    weight->written = true;
    return {dx, at::Tensor(), at::Tensor()};
  }
};

struct PermuteFunction : Function<PermuteFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, SharedRowGroups groups,
                            std::int64_t top_k) {
    const at::Tensor rows = at::empty({groups->num_rows, x.size(1)}, x.options());
    RECORD_FUNCTION("moebench::permute_rows", Moved({rows, rows}));
    rows::permute(x, *groups, top_k, rows);
    ctx->saved_data["top_k"] = top_k;
    keep(ctx, "groups", std::move(groups));
    return rows;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor drows = grads[0].contiguous();
    const std::int64_t top_k = ctx->saved_data["top_k"].toInt();
    const auto& groups = kept<SharedRowGroups>(ctx, "groups");
    const at::Tensor dx = at::empty({groups->num_pairs / top_k, drows.size(1)}, drows.options());
    RECORD_FUNCTION("moebench::permute_rows_backward", Moved({drows, dx}));
    rows::combine(drows, at::Tensor(), *groups, top_k, dx);
    return {dx, at::Tensor(), at::Tensor()};
  }
};

struct CombineFunction : Function<CombineFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows,
                            const std::optional<at::Tensor>& weights, SharedRowGroups groups,
                            std::int64_t top_k) {
    const at::Tensor y = at::empty({groups->num_pairs / top_k, rows.size(1)}, rows.options());
    RECORD_FUNCTION("moebench::combine_rows", Moved({rows, y}));
    rows::combine(rows, weights.value_or(at::Tensor()), *groups, top_k, y);
    if (weights) ctx->save_for_backward({rows, *weights});
    ctx->saved_data["top_k"] = top_k;
    keep(ctx, "groups", std::move(groups));
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor dy = grads[0].contiguous();
    const std::int64_t top_k = ctx->saved_data["top_k"].toInt();
    const auto& groups = kept<SharedRowGroups>(ctx, "groups");
    const auto saved = ctx->get_saved_variables();
    const at::Tensor drows = at::empty({groups->num_rows, dy.size(1)}, dy.options());
    at::Tensor dweights;
    RECORD_FUNCTION("moebench::combine_rows_backward", Moved({drows, drows}));
    if (saved.empty()) {
      rows::permute(dy, *groups, top_k, drows);
    } else {
      dweights = at::empty_like(saved[1]);
      rows::combine_backward(dy, saved[0], saved[1], *groups, top_k, drows, dweights);
    }
    return {drows, dweights, at::Tensor(), at::Tensor()};
  }
};

struct RouteFunction : Function<RouteFunction> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& logits,
                               const std::optional<at::Tensor>& forced,
                               const kernels::RouteShape& shape) {
    const auto floats = logits.options().dtype(at::kFloat);
    const at::Tensor scores = at::empty(logits.sizes(), floats);
    const at::Tensor weights = at::empty({shape.tokens, shape.top_k}, floats);
    const at::Tensor ids = at::empty(weights.sizes(), floats.dtype(at::kInt));
    RECORD_FUNCTION("moebench::route_top_k", kNoInputs);
    rows::route_top_k(logits, shape, forced.value_or(at::Tensor()), scores, ids, weights);
    ctx->mark_non_differentiable({ids});
    ctx->set_materialize_grads(false);  // without a load-balancing loss scores have none
    ctx->save_for_backward({scores, weights, ids});
    keep(ctx, "shape", shape);
    keep(ctx, "dtype", logits.scalar_type());
    return {scores, weights, ids};
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &scores = saved[0], &weights = saved[1];
    const at::Tensor dscores = grads[0].defined() ? grads[0].contiguous() : at::Tensor();
    const at::Tensor dweights =
        grads[1].defined() ? grads[1].contiguous() : at::zeros_like(weights);
    const at::Tensor dlogits =
        at::empty(scores.sizes(), scores.options().dtype(kept<at::ScalarType>(ctx, "dtype")));
    RECORD_FUNCTION("moebench::route_top_k_backward", kNoInputs);
    rows::route_top_k_backward(dweights, dscores, scores, saved[2], weights,
                               kept<kernels::RouteShape>(ctx, "shape"), dlogits);
    return {dlogits, at::Tensor(), at::Tensor()};
  }
};

struct LossFunction : Function<LossFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, Weight* lm_head,
                            const LossOptions& options) {
    const at::Tensor logits = at::mm(x, lm_head->value.t());
    RECORD_FUNCTION("moebench::cross_entropy", kNoInputs);
    const at::Tensor sum = rows::cross_entropy_in_place(logits, options.labels, options.scale);
    ctx->save_for_backward({x, logits});  // by now the gradient of the logits
    keep(ctx, "lm_head", lm_head);
    return sum;
  }

  static variable_list backward(AutogradContext* ctx, variable_list) {
    Weight* lm_head = kept<Weight*>(ctx, "lm_head");
    const auto saved = ctx->get_saved_variables();
    store_product(saved[1].t(), saved[0], lm_head->accumulate, lm_head->grad);
    lm_head->written = true;
    return {at::mm(saved[1], lm_head->value), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor linear(const at::Tensor& x, Weight& weight) {
  return LinearFunction::apply(x, &weight, nullptr);
}

at::Tensor linear(const at::Tensor& x, Weight& weight, Weight& bias) {
  return LinearFunction::apply(x, &weight, bias.value.defined() ? &bias : nullptr);
}

at::Tensor linear_in_fp32(const at::Tensor& x, Weight& weight) {
  return LinearInFp32Function::apply(x, &weight);
}

at::Tensor rms_norm(const at::Tensor& x_TH, Weight& weight, double eps) {
  return RmsNormFunction::apply(x_TH, &weight, eps);
}

at::Tensor permute_rows(const at::Tensor& x_TH, SharedRowGroups groups, std::int64_t top_k) {
  return PermuteFunction::apply(x_TH, std::move(groups), top_k);
}

at::Tensor combine_rows(const at::Tensor& rows_RH, const at::Tensor& weights_Tk,
                        SharedRowGroups groups, std::int64_t top_k) {
  std::optional<at::Tensor> weights;
  if (weights_Tk.defined()) weights = weights_Tk;
  return CombineFunction::apply(rows_RH, weights, std::move(groups), top_k);
}

Routing route_logits(const at::Tensor& logits_TE, const at::Tensor& forced_ids_Tk,
                     const kernels::RouteShape& shape) {
  std::optional<at::Tensor> forced;
  if (forced_ids_Tk.defined()) forced = forced_ids_Tk;
  const variable_list outputs = RouteFunction::apply(logits_TE, forced, shape);
  return {outputs[0], outputs[1], outputs[2]};
}

at::Tensor lm_head_loss(const at::Tensor& x_TH, Weight& lm_head, const LossOptions& options) {
  return LossFunction::apply(x_TH, &lm_head, options);
}

}  // namespace moebench::model
