// The grouped experts of ops.h.
#include <ATen/core/Tensor.h>
#include <ATen/ops/_grouped_mm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/record_function.h>

#include <utility>
#include <vector>

#include "harness/device/kernel_path.h"
#include "harness/model/capsule.h"
#include "harness/model/ops.h"

namespace moebench::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

const std::vector<c10::IValue> kNoInputs;

struct Projections {
  Weight* gate_up;
  Weight* down;
};

// Takes one product a group: each expert has few enough rows for a CPU to take its weights alone.
namespace by_expert {

at::Tensor group(const at::Tensor& rows, const kernels::RowMap& map, std::size_t expert) {
  return rows.narrow(0, map.offsets[expert], map.offsets[expert + 1] - map.offsets[expert]);
}

void forward(const at::Tensor& rows, const kernels::RowMap& map, const Projections& p,
             const at::Tensor& gate_up_rows, const at::Tensor& out) {
  const std::int64_t intermediate = p.down->value.size(2);
  for (std::size_t e = 0; e < map.counts.size(); ++e) {
    const at::Tensor x_e = group(rows, map, e);
    if (x_e.size(0) == 0) continue;
    at::Tensor gate_up_e = group(gate_up_rows, map, e);
    at::mm_out(gate_up_e, x_e, p.gate_up->value.select(0, static_cast<std::int64_t>(e)).t());
    const at::Tensor hidden_e = at::empty({x_e.size(0), intermediate}, rows.options());
    {
      RECORD_FUNCTION("moebench::swiglu", kNoInputs);
      rows::swiglu(gate_up_e, hidden_e);
    }
    at::Tensor out_e = group(out, map, e);
    at::mm_out(out_e, hidden_e, p.down->value.select(0, static_cast<std::int64_t>(e)).t());
  }
}

void backward_of(std::int64_t expert, const at::Tensor& x_e, const at::Tensor& gate_up_e,
                 const at::Tensor& dout_e, const Projections& p, at::Tensor dx_e) {
  const at::Tensor dgate_up_weight = p.gate_up->grad.select(0, expert);
  const at::Tensor ddown_weight = p.down->grad.select(0, expert);
  if (x_e.size(0) == 0) {
    if (!p.gate_up->accumulate) dgate_up_weight.zero_();
    if (!p.down->accumulate) ddown_weight.zero_();
    return;
  }
  const at::Tensor dhidden_e = at::mm(dout_e, p.down->value.select(0, expert));
  const at::Tensor hidden_e = at::empty_like(dhidden_e);
  // The saved projection is used once: its memory takes its own gradient.
  {
    RECORD_FUNCTION("moebench::swiglu_backward", kNoInputs);
    rows::swiglu_backward(dhidden_e, gate_up_e, gate_up_e, hidden_e);
  }
  store_product(dout_e.t(), hidden_e, p.down->accumulate, ddown_weight);
  store_product(gate_up_e.t(), x_e, p.gate_up->accumulate, dgate_up_weight);
  at::mm_out(dx_e, gate_up_e, p.gate_up->value.select(0, expert));
}

void backward(const at::Tensor& rows, const at::Tensor& gate_up_rows, const at::Tensor& dout,
              const kernels::RowMap& map, const Projections& p, const at::Tensor& drows) {
  for (std::size_t e = 0; e < map.counts.size(); ++e) {
    backward_of(static_cast<std::int64_t>(e), group(rows, map, e), group(gate_up_rows, map, e),
                group(dout, map, e), p, group(drows, map, e));
  }
}

}  // namespace by_expert

// libtorch's grouped product: all experts in one launch, their rows found on the device.
namespace at_once {

at::Tensor ends(const RowGroups& groups) {
  return groups.offsets.narrow(0, 1, groups.num_experts).to(at::kInt);
}

// weights: [E, in, out].
at::Tensor grouped_product(const at::Tensor& rows, const at::Tensor& weights,
                           const RowGroups& groups) {
  if (groups.num_rows == 0) return at::empty({0, weights.size(2)}, rows.options());
  return at::_grouped_mm(rows, weights, ends(groups));
}

// weight.grad (+)= the product of a and b over each group's rows, which is 0 for an expert without
// any.
void store_grouped_product(const at::Tensor& a, const at::Tensor& b, const RowGroups& groups,
                           Weight& weight) {
  if (groups.num_rows == 0) {
    if (!weight.accumulate) weight.grad.zero_();
    return;
  }
  const at::Tensor product = at::_grouped_mm(a.t(), b, ends(groups));
  if (weight.accumulate) {
    weight.grad.add_(product);
  } else {
    weight.grad.copy_(product);
  }
}

void forward(const at::Tensor& rows, const RowGroups& groups, const Projections& p,
             at::Tensor& gate_up_rows, at::Tensor& out) {
  gate_up_rows = grouped_product(rows, p.gate_up->value.transpose(1, 2), groups);
  const at::Tensor hidden = at::empty({rows.size(0), p.down->value.size(2)}, rows.options());
  {
    RECORD_FUNCTION("moebench::swiglu", kNoInputs);
    rows::swiglu(gate_up_rows, hidden);
  }
  out = grouped_product(hidden, p.down->value.transpose(1, 2), groups);
}

at::Tensor backward(const at::Tensor& rows, const at::Tensor& gate_up_rows, const at::Tensor& dout,
                    const RowGroups& groups, const Projections& p) {
  at::Tensor hidden;
  {
    const at::Tensor dhidden = grouped_product(dout, p.down->value, groups);
    hidden = at::empty_like(dhidden);
    RECORD_FUNCTION("moebench::swiglu_backward", kNoInputs);
    rows::swiglu_backward(dhidden, gate_up_rows, gate_up_rows, hidden);
  }
  store_grouped_product(dout, hidden, groups, *p.down);
  hidden = at::Tensor();
  store_grouped_product(gate_up_rows, rows, groups, *p.gate_up);
  return grouped_product(gate_up_rows, p.gate_up->value, groups);
}

}  // namespace at_once

struct GroupedExpertsFunction : Function<GroupedExpertsFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows, SharedRowGroups groups,
                            const Projections& p) {
    at::Tensor gate_up_rows, out;
    if (device::takes_gpu_kernels(rows)) {
      at_once::forward(rows, *groups, p, gate_up_rows, out);
    } else {
      gate_up_rows = at::empty({rows.size(0), p.gate_up->value.size(1)}, rows.options());
      out = at::empty_like(rows);
      by_expert::forward(rows, groups->host, p, gate_up_rows, out);
    }
    ctx->save_for_backward({rows, gate_up_rows});
    keep(ctx, "groups", std::move(groups));
    keep(ctx, "projections", p);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor dout = grads[0].contiguous();
    const auto& groups = kept<SharedRowGroups>(ctx, "groups");
    const auto& p = kept<Projections>(ctx, "projections");
    const auto saved = ctx->get_saved_variables();
    at::Tensor drows;
    if (device::takes_gpu_kernels(dout)) {
      drows = at_once::backward(saved[0], saved[1], dout, *groups, p);
    } else {
      drows = at::empty_like(saved[0]);
      by_expert::backward(saved[0], saved[1], dout, groups->host, p, drows);
    }
    p.gate_up->written = p.down->written = true;
    return {drows, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor grouped_experts(const at::Tensor& rows_RH, SharedRowGroups groups, Weight& gate_up,
                           Weight& down) {
  return GroupedExpertsFunction::apply(rows_RH, std::move(groups), Projections{&gate_up, &down});
}

}  // namespace moebench::model
