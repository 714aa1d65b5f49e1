#include "harness/model/mlp.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "harness/model/capsule.h"
#include "harness/model/recorded.h"
#include "harness/model/row_kernels.h"

namespace moebench::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct MlpFunction : Function<MlpFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, MlpWeights* weights) {
    const at::Tensor gate_up = at::mm(x, weights->gate_up.value.t());
    const at::Tensor hidden =
        at::empty({x.size(0), weights->down.value.size(1)}, gate_up.options());
    {
      RECORD_FUNCTION("moebench::swiglu", kNoInputs);
      rows::swiglu(gate_up, hidden);
    }
    ctx->save_for_backward({x, gate_up});
    keep(ctx, "weights", weights);
    return at::mm(hidden, weights->down.value.t());
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto& [gate_up_weight, down_weight] = *kept<MlpWeights*>(ctx, "weights");
    const at::Tensor dy = grads[0].contiguous();
    const auto saved = ctx->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& gate_up = saved[1];
    at::Tensor hidden;
    {
      const at::Tensor dhidden = at::mm(dy, down_weight.value);
      hidden = at::empty_like(dhidden);
      RECORD_FUNCTION("moebench::swiglu_backward", kNoInputs);
      // The saved projection is used once: its memory takes its own gradient.
      rows::swiglu_backward(dhidden, gate_up, gate_up, hidden);
    }
    store_product(dy.t(), hidden, down_weight.accumulate, down_weight.grad);
    hidden = at::Tensor();
    store_product(gate_up.t(), x, gate_up_weight.accumulate, gate_up_weight.grad);
    gate_up_weight.written = down_weight.written = true;
    return {at::mm(gate_up, gate_up_weight.value), at::Tensor()};
  }
};

}  // namespace

at::Tensor gated_mlp(const at::Tensor& x_TH, MlpWeights& weights) {
  return MlpFunction::apply(x_TH, &weights);
}

}  // namespace moebench::model
