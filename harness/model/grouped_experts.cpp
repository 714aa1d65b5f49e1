// The grouped experts of experts.h.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_grouped_mm.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <iterator>
#include <utility>
#include <vector>

#include "harness/base/check.h"
#include "harness/config/expert_rows.h"
#include "harness/device/kernel_path.h"
#include "harness/model/capsule.h"
#include "harness/model/experts.h"
#include "harness/model/recorded.h"
#include "kernels/grouped_mlp/grouped_mlp.h"

namespace moebench::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// The experts of a pass, and how they are activated.
struct Experts {
  ExpertWeights* weights;
  kernels::GatedActivation activation;
};

// Takes libtorch's products, one a group and projection.
namespace by_expert {

at::Tensor group(const at::Tensor& rows, const kernels::RowMap& map, std::size_t expert) {
  return rows.narrow(0, map.offsets[expert], map.offsets[expert + 1] - map.offsets[expert]);
}

// out = x times the expert's matrix^T, plus its bias where there is one.
void project(const at::Tensor& x, const Weight& matrices, const Weight& biases, std::int64_t expert,
             at::Tensor out) {
  const at::Tensor matrix = matrices.value.select(0, expert).t();
  if (biases.value.defined()) {
    at::addmm_out(out, biases.value.select(0, expert), x, matrix);
  } else {
    at::mm_out(out, x, matrix);
  }
}

void forward(const at::Tensor& rows, const kernels::RowMap& map, const Experts& experts,
             const at::Tensor& gate_up_rows, const at::Tensor& out) {
  const ExpertWeights& w = *experts.weights;
  const std::int64_t intermediate = w.down.value.size(2);
  for (std::size_t i = 0; i < map.counts.size(); ++i) {
    const auto e = static_cast<std::int64_t>(i);
    const at::Tensor x_e = group(rows, map, i);
    if (x_e.size(0) == 0) continue;
    const at::Tensor gate_up_e = group(gate_up_rows, map, i);
    project(x_e, w.gate_up, w.gate_up_bias, e, gate_up_e);
    const at::Tensor hidden_e = at::empty({x_e.size(0), intermediate}, rows.options());
    {
      RECORD_FUNCTION("moebench::swiglu", kNoInputs);
      rows::swiglu(gate_up_e, hidden_e, experts.activation);
    }
    project(hidden_e, w.down, w.down_bias, e, group(out, map, i));
  }
}

// grad (+)= da^T times b, and where there is a bias its gradient (+)= da's column sums.
void store_gradients(const at::Tensor& da, const at::Tensor& b, const Weight& matrices,
                     const Weight& biases, std::int64_t expert) {
  store_product(da.t(), b, matrices.accumulate, matrices.grad.select(0, expert));
  if (!biases.grad.defined()) return;
  store(da.sum(0), biases.accumulate, biases.grad.select(0, expert));
}

void zero_gradients(const ExpertWeights& w, std::int64_t expert) {
  for (const Weight* weight : {&w.gate_up, &w.gate_up_bias, &w.down, &w.down_bias}) {
    if (weight->grad.defined() && !weight->accumulate) weight->grad.select(0, expert).zero_();
  }
}

void backward_of(std::int64_t expert, const at::Tensor& x_e, const at::Tensor& gate_up_e,
                 const at::Tensor& dout_e, const Experts& experts, at::Tensor dx_e) {
  const ExpertWeights& w = *experts.weights;
  if (x_e.size(0) == 0) return zero_gradients(w, expert);
  const at::Tensor dhidden_e = at::mm(dout_e, w.down.value.select(0, expert));
  const at::Tensor hidden_e = at::empty_like(dhidden_e);
  // The saved projection is used once: its memory takes its own gradient.
  {
    RECORD_FUNCTION("moebench::swiglu_backward", kNoInputs);
    rows::swiglu_backward(dhidden_e, gate_up_e, gate_up_e, hidden_e, experts.activation);
  }
  store_gradients(dout_e, hidden_e, w.down, w.down_bias, expert);
  store_gradients(gate_up_e, x_e, w.gate_up, w.gate_up_bias, expert);
  at::mm_out(dx_e, gate_up_e, w.gate_up.value.select(0, expert));
}

void backward(const at::Tensor& rows, const at::Tensor& gate_up_rows, const at::Tensor& dout,
              const kernels::RowMap& map, const Experts& experts, const at::Tensor& drows) {
  for (std::size_t e = 0; e < map.counts.size(); ++e) {
    backward_of(static_cast<std::int64_t>(e), group(rows, map, e), group(gate_up_rows, map, e),
                group(dout, map, e), experts, group(drows, map, e));
  }
}

}  // namespace by_expert

// One kernel for all experts: each has so few rows that what comes beside the products counts.
namespace few_rows {

template <typename T>
kernels::MatrixStack<T> matrices(const at::Tensor& stack) {
  return {data<T>(stack), stack.stride(0), stack.stride(1), stack.stride(2)};
}

template <typename T>
kernels::VectorStack<T> vectors(const at::Tensor& stack) {
  if (!stack.defined()) return {};
  return {data<T>(stack), stack.stride(0)};
}

template <typename T>
kernels::GroupedMlpWeights<T> stacks(const ExpertWeights& w, at::Tensor Weight::*field) {
  return {matrices<T>(w.gate_up.*field), matrices<T>(w.down.*field),
          vectors<T>(w.gate_up_bias.*field), vectors<T>(w.down_bias.*field)};
}

template <typename T>
kernels::GroupedMlp<T> mlp_of(const kernels::RowMap& map, const Experts& experts) {
  const ExpertWeights& w = *experts.weights;
  return {map, w.down.value.size(1), w.down.value.size(2), stacks<const T>(w, &Weight::value),
          experts.activation};
}

void forward(const at::Tensor& rows, const kernels::RowMap& map, const Experts& experts,
             const at::Tensor& gate_up_rows, const at::Tensor& out) {
  RECORD_FUNCTION("moebench::grouped_mlp", kNoInputs);
  for_dtype(rows.scalar_type(), [&]<typename T>(T) {
    kernels::grouped_mlp_forward(mlp_of<T>(map, experts), data<const T>(rows),
                                 data<T>(gate_up_rows), data<T>(out));
  });
}

void backward(const at::Tensor& rows, const at::Tensor& gate_up_rows, const at::Tensor& dout,
              const kernels::RowMap& map, const Experts& experts, const at::Tensor& drows) {
  RECORD_FUNCTION("moebench::grouped_mlp_backward", kNoInputs);
  const ExpertWeights& w = *experts.weights;
  for (const Weight* weight : {&w.gate_up_bias, &w.down, &w.down_bias}) {
    MOEBENCH_CHECK(!weight->grad.defined() || weight->accumulate == w.gate_up.accumulate);
  }
  for_dtype(rows.scalar_type(), [&]<typename T>(T) {
    kernels::grouped_mlp_backward(
        mlp_of<T>(map, experts), data<const T>(dout), data<const T>(rows), data<T>(gate_up_rows),
        {stacks<T>(w, &Weight::grad), w.gate_up.accumulate}, data<T>(drows));
  });
}

}  // namespace few_rows

// libtorch's grouped product: all experts in one launch, their rows found on the device.
namespace at_once {

// Where each expert's rows end, int32 [E].
at::Tensor ends(const RowGroups& groups) { return groups.offsets.narrow(0, 1, groups.num_experts); }

// weights: [E, in, out].
at::Tensor grouped_product(const at::Tensor& rows, const at::Tensor& weights,
                           const RowGroups& groups) {
  if (groups.num_rows == 0) return at::empty({0, weights.size(2)}, rows.options());
  return at::_grouped_mm(rows, weights, ends(groups));
}

// weight.grad (+)= the product of da^T and b over each group's rows, which is 0 for an expert
// without any; taken the other way round where the gradient lies transposed.
void store_grouped_product(const at::Tensor& da, const at::Tensor& b, const RowGroups& groups,
                           const Weight& weight) {
  if (groups.num_rows == 0) {
    if (!weight.accumulate) weight.grad.zero_();
    return;
  }
  const bool lies_transposed = is_transposed(weight.grad);
  const at::Tensor product = lies_transposed ? at::_grouped_mm(b.t(), da, ends(groups))
                                             : at::_grouped_mm(da.t(), b, ends(groups));
  store(product, weight.accumulate, lies_transposed ? weight.grad.transpose(-2, -1) : weight.grad);
}

// Which rows are whose, where experts have biases: in the type of `like`, [R, E] of 1 and 0. A
// product with them adds each row its expert's bias exactly, and sums gradients in an order that is
// fixed. Rows of a GPU are not filled up.
at::Tensor members(const RowGroups& groups, const Experts& experts, const at::Tensor& like) {
  if (!experts.weights->down_bias.value.defined()) return at::Tensor();
  const at::Tensor row = at::arange(groups.num_rows, groups.offsets.options()).unsqueeze(1);
  const at::Tensor begin = groups.offsets.narrow(0, 0, groups.num_experts);
  return ((row >= begin) & (row < ends(groups))).to(like.scalar_type());
}

void add_biases(const at::Tensor& rows, const Weight& biases, const at::Tensor& members_RE) {
  if (members_RE.defined()) rows.addmm_(members_RE, biases.value);
}

void store_bias_gradients(const at::Tensor& drows, const at::Tensor& members_RE,
                          const Weight& biases) {
  if (!members_RE.defined()) return;
  store_product(members_RE.t(), drows, biases.accumulate, biases.grad);
}

void forward(const at::Tensor& rows, const RowGroups& groups, const Experts& experts,
             at::Tensor& gate_up_rows, at::Tensor& out) {
  const ExpertWeights& w = *experts.weights;
  const at::Tensor members_RE = members(groups, experts, rows);
  gate_up_rows = grouped_product(rows, w.gate_up.value.transpose(1, 2), groups);
  add_biases(gate_up_rows, w.gate_up_bias, members_RE);
  const at::Tensor hidden = at::empty({rows.size(0), w.down.value.size(2)}, rows.options());
  {
    RECORD_FUNCTION("moebench::swiglu", kNoInputs);
    rows::swiglu(gate_up_rows, hidden, experts.activation);
  }
  out = grouped_product(hidden, w.down.value.transpose(1, 2), groups);
  add_biases(out, w.down_bias, members_RE);
}

at::Tensor backward(const at::Tensor& rows, const at::Tensor& gate_up_rows, const at::Tensor& dout,
                    const RowGroups& groups, const Experts& experts) {
  const ExpertWeights& w = *experts.weights;
  const at::Tensor members_RE = members(groups, experts, dout);
  at::Tensor hidden;
  {
    const at::Tensor dhidden = grouped_product(dout, w.down.value, groups);
    hidden = at::empty_like(dhidden);
    RECORD_FUNCTION("moebench::swiglu_backward", kNoInputs);
    rows::swiglu_backward(dhidden, gate_up_rows, gate_up_rows, hidden, experts.activation);
  }
  store_grouped_product(dout, hidden, groups, w.down);
  store_bias_gradients(dout, members_RE, w.down_bias);
  hidden = at::Tensor();
  store_grouped_product(gate_up_rows, rows, groups, w.gate_up);
  store_bias_gradients(gate_up_rows, members_RE, w.gate_up_bias);
  return grouped_product(gate_up_rows, w.gate_up.value, groups);
}

}  // namespace at_once

bool has_few_rows(const kernels::RowMap& map) {
  return config::has_few_rows(std::ssize(map.position), std::ssize(map.counts));
}

struct GroupedExpertsFunction : Function<GroupedExpertsFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows, SharedRowGroups groups,
                            const Experts& experts) {
    at::Tensor gate_up_rows, out;
    if (device::takes_gpu_kernels(rows)) {
      at_once::forward(rows, *groups, experts, gate_up_rows, out);
    } else {
      gate_up_rows =
          at::empty({rows.size(0), experts.weights->gate_up.value.size(1)}, rows.options());
      out = at::empty_like(rows);
      const auto& forward_of = has_few_rows(groups->host) ? few_rows::forward : by_expert::forward;
      forward_of(rows, groups->host, experts, gate_up_rows, out);
    }
    ctx->save_for_backward({rows, gate_up_rows});
    keep(ctx, "groups", std::move(groups));
    keep(ctx, "experts", experts);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor dout = grads[0].contiguous();
    const auto& groups = kept<SharedRowGroups>(ctx, "groups");
    const auto& experts = kept<Experts>(ctx, "experts");
    const auto saved = ctx->get_saved_variables();
    at::Tensor drows;
    if (device::takes_gpu_kernels(dout)) {
      drows = at_once::backward(saved[0], saved[1], dout, *groups, experts);
    } else {
      drows = at::empty_like(saved[0]);
      const auto& backward_of =
          has_few_rows(groups->host) ? few_rows::backward : by_expert::backward;
      backward_of(saved[0], saved[1], dout, groups->host, experts, drows);
    }
    for (Weight* weight : all_weights(*experts.weights)) weight->written = true;
    return {drows, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor grouped_experts(const at::Tensor& rows_RH, SharedRowGroups groups,
                           ExpertWeights& weights, const kernels::GatedActivation& activation) {
  kernels::GatedActivation form = activation;
  form.interleaved = weights.interleaved;
  return GroupedExpertsFunction::apply(rows_RH, std::move(groups), Experts{&weights, form});
}

}  // namespace moebench::model
