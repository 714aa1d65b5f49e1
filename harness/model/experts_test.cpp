#include "harness/model/experts.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "harness/config/expert_rows.h"
#include "harness/device/kernel_path.h"
#include "harness/model/model_testing.h"
#include "harness/partition/layout.h"
#include "harness/testing/models.h"

namespace moebench::model {
namespace {

using config::ExpertKernel;
using config::ModelConfig;
using partition::expert_layout;
using partition::Layout;

ModelConfig plain_model() {
  ModelConfig model = small_model();
  model.num_experts = 6;  // of which some have no row
  return model;
}

ModelConfig gpt_oss_model() {
  ModelConfig model = plain_model();
  model.type = config::ModelType::kGptOss;
  model.expert_bias = true;
  model.swiglu_limit = 0.4;  // of projections around 1: clamps many
  return model;
}

// Experts in the form of a kernel, bound to flat values and gradients of their layout.
struct BoundExperts {
  Layout layout;
  at::Tensor values, grads;
  LayerWeights layer;

  BoundExperts(const ModelConfig& model, const at::Tensor& flat, ExpertKernel kernel)
      : layout(expert_layout(model, 0, {0, model.num_experts})),
        values(flat),
        grads(at::full_like(flat, 99.0)) {
    layer.experts.num_experts = model.num_experts;
    layer.experts.kernel = kernel;
    bind(layer, layout, values, &Weight::value);
    bind(layer, layout, grads, &Weight::grad);
  }

  void start_writing(bool accumulate) {
    for (Weight* weight : all_weights(layer.experts)) {
      weight->accumulate = accumulate;
      weight->written = false;
    }
    if (accumulate) grads.fill_(1);
  }
  // As the engine does for what the backward pass did not reach.
  void finish_writing() {
    for (Weight* weight : all_weights(layer.experts)) {
      if (!weight->written && !weight->accumulate) weight->grad.zero_();
    }
  }
};

at::Tensor activated(const at::Tensor& gate, const at::Tensor& up, const ModelConfig& model) {
  if (model.swiglu_limit == 0) return at::silu(gate) * up;
  const double limit = model.swiglu_limit;
  const at::Tensor g = at::clamp(gate, std::nullopt, limit);
  return (at::clamp(up, -limit, limit) + 1) * g * at::sigmoid(g * model.swiglu_alpha);
}

// One expert on all tokens, by its parameters as they lie in the flat buffer: of gpt-oss [H, 2I]
// with gate and up in turns, [I, H], and biases; else gate, up and down one after the other.
at::Tensor one_expert(const at::Tensor& x, const at::Tensor& flat, const Layout& layout,
                      std::int64_t expert, const ModelConfig& model) {
  const auto part = [&](partition::Role role) {
    for (const partition::Slot& slot : layout.slots) {
      if (slot.parameter.role != role) continue;
      if (slot.parameter.expert >= 0 && slot.parameter.expert != expert) continue;
      const at::Tensor found = flat.narrow(0, slot.offset, slot.num_elements).view(slot.shape());
      return slot.parameter.expert >= 0 ? found : found.select(0, expert);
    }
    return at::Tensor();
  };
  using partition::Role;
  if (model.type == config::ModelType::kGptOss) {
    const at::Tensor gate_up =
        at::mm(x, part(Role::kExpertGateUpColumns)) + part(Role::kExpertGateUpBias);
    const at::Tensor hidden = activated(gate_up.slice(1, 0, std::nullopt, 2),
                                        gate_up.slice(1, 1, std::nullopt, 2), model);
    return at::mm(hidden, part(Role::kExpertDownColumns)) + part(Role::kExpertDownBias);
  }
  const at::Tensor hidden = activated(at::mm(x, part(Role::kExpertGate).t()),
                                      at::mm(x, part(Role::kExpertUp).t()), model);
  return at::mm(hidden, part(Role::kExpertDown).t());
}

// Every expert on every token, masked by the choice: the definition, for autograd.
at::Tensor experts_by_definition(const at::Tensor& x, const at::Tensor& mix, const at::Tensor& ids,
                                 const at::Tensor& flat, const ModelConfig& model) {
  const Layout layout = expert_layout(model, 0, {0, model.num_experts});
  at::Tensor y = at::zeros_like(x);
  for (std::int64_t e = 0; e < model.num_experts; ++e) {
    const at::Tensor share = (mix * (ids == e).to(at::kFloat)).sum(-1, true);
    y = y + one_expert(x, flat, layout, e, model) * share;
  }
  return y;
}

// The grouped kernel takes another road for many rows an expert than for few.
constexpr std::int64_t kFewTokens = 10, kManyTokens = 300;
static_assert(config::has_few_rows(2 * kFewTokens, 6) && !config::has_few_rows(2 * kManyTokens, 6));

struct Case {
  ModelConfig model;
  ExpertKernel kernel;
  bool accumulates;
  bool by_gpu_kernels;
  std::int64_t tokens = kFewTokens;
};

// Forward and all gradients; experts 4 and 5 have no row.
void expect_experts_by_definition(const Case& c) {
  SCOPED_TRACE(std::string(to_string(c.model.type)) + " " + config::to_string(c.kernel) +
               (c.accumulates ? " accumulates" : "") + (c.by_gpu_kernels ? " gpu kernels" : "") +
               " tokens " + std::to_string(c.tokens));
  std::optional<device::HostExecutesGpuKernels> host;
  if (c.by_gpu_kernels) host.emplace();
  const std::int64_t size = expert_layout(c.model, 0, {0, c.model.num_experts}).num_elements;
  const at::Tensor flat = at::randn({size}) * 0.3;
  BoundExperts experts(c.model, flat, c.kernel);
  experts.start_writing(c.accumulates);
  const auto ids = std::get<1>(at::topk(at::rand({c.tokens, 4}), 2, -1));
  const at::Tensor input = at::randn({c.tokens, c.model.hidden_size}), dy = at::randn_like(input);
  const at::Tensor weights = at::rand({c.tokens, 2});
  const at::Tensor x = leaf(input), mix = leaf(weights);
  const ExpertFunction function = local_experts(c.kernel, expert_activation(c.model));
  const ExpertOutput out = function(x, mix, ids.to(at::kInt), experts.layer.experts, [] {});
  out.y_TH.backward(dy);
  experts.finish_writing();

  const at::Tensor x_expected = leaf(input), mix_expected = leaf(weights), values = leaf(flat);
  const at::Tensor expected = experts_by_definition(x_expected, mix_expected, ids, values, c.model);
  expected.backward(dy);
  EXPECT_LT(relative_error(out.y_TH, expected), 1e-5);
  EXPECT_LT(relative_error(x.grad(), x_expected.grad()), 1e-5);
  EXPECT_LT(relative_error(mix.grad(), mix_expected.grad()), 1e-5);
  EXPECT_LT(relative_error(experts.grads, values.grad() + (c.accumulates ? 1 : 0)), 1e-5);
}

TEST(LocalExperts, MatchTheirDefinition) {
  for (const ModelConfig& model : {plain_model(), gpt_oss_model()}) {
    for (const auto kernel : kValues<ExpertKernel>) {
      for (const bool accumulates : {false, true}) {
        expect_experts_by_definition({model, kernel, accumulates, /*by_gpu_kernels=*/false});
        expect_experts_by_definition({model, kernel, accumulates, /*by_gpu_kernels=*/true});
        expect_experts_by_definition({model, kernel, accumulates, false, kManyTokens});
      }
    }
  }
}

void expect_agreement_in_bf16(std::int64_t tokens) {
  SCOPED_TRACE(tokens);
  ModelConfig model = gpt_oss_model();
  // That no value comes near: rounding would move some over it, where a gradient ends.
  model.swiglu_limit = 100;
  const std::int64_t size = expert_layout(model, 0, {0, model.num_experts}).num_elements;
  const at::Tensor flat = (at::randn({size}) * 0.3).to(at::kBFloat16);
  const auto ids = std::get<1>(at::topk(at::rand({tokens, 6}), 2, -1)).to(at::kInt);
  const at::Tensor input = at::randn({tokens, model.hidden_size}).to(at::kBFloat16);
  const at::Tensor mix = at::rand({tokens, 2}), dy = at::randn({tokens, model.hidden_size});
  std::vector<at::Tensor> outputs, gradients;
  for (const auto kernel : kValues<ExpertKernel>) {
    BoundExperts experts(model, flat, kernel);
    experts.start_writing(false);
    const at::Tensor x = leaf(input);
    const ExpertFunction function = local_experts(kernel, expert_activation(model));
    const ExpertOutput out = function(x, mix, ids, experts.layer.experts, [] {});
    out.y_TH.backward(dy.to(at::kBFloat16));
    experts.finish_writing();
    outputs.push_back(out.y_TH.detach().to(at::kFloat));
    gradients.push_back(experts.grads.to(at::kFloat));
  }
  EXPECT_LT(relative_error(outputs[0], outputs[1]), 0.02);
  EXPECT_LT(relative_error(gradients[0], gradients[1]), 0.02);
}

// Of many, rows that fill up groups get biases too, which reach nobody.
TEST(LocalExperts, AgreeInBf16) {
  expect_agreement_in_bf16(kFewTokens);
  expect_agreement_in_bf16(kManyTokens);
}

TEST(LocalExperts, FillUpGroupsOfManyRowsInBf16Alone) {
  const ModelConfig model = plain_model();
  const std::int64_t size = expert_layout(model, 0, {0, model.num_experts}).num_elements;
  const auto padded = [&](std::int64_t tokens, at::ScalarType dtype) {
    BoundExperts experts(model, at::randn({size}).to(dtype), ExpertKernel::kGrouped);
    const auto ids = std::get<1>(at::topk(at::rand({tokens, 6}), 1, -1)).to(at::kInt);
    const at::Tensor x = at::randn({tokens, model.hidden_size}).to(dtype);
    const ExpertFunction function = local_experts(ExpertKernel::kGrouped);
    return function(x, at::Tensor(), ids, experts.layer.experts, [] {}).load.padded_rows;
  };
  EXPECT_EQ(padded(20, at::kBFloat16), 0);
  EXPECT_EQ(padded(700, at::kFloat), 0);
  EXPECT_GT(padded(707, at::kBFloat16), 0);  // no multiple of 16
}

}  // namespace
}  // namespace moebench::model
