#include "harness/model/decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "harness/partition/layout.h"
#include "harness/testing/models.h"

namespace moebench::model {
namespace {

using partition::concatenate;
using partition::dense_layout;
using partition::expert_layout;
using partition::Layout;
using partition::root_layout;
using partition::Slot;

config::ModelConfig small_granite() {
  config::ModelConfig model = small_model();
  model.type = config::ModelType::kGraniteMoe;
  model.tie_word_embeddings = true;
  model.attention_multiplier = 0.3;
  model.embedding_multiplier = 3;
  model.residual_multiplier = 0.5;
  model.logits_scaling = 4;
  return model;
}

// A parameter's slot and the view that the layer computes with are the same memory.
TEST(FlatWeights, AreViewsOfTheSlotsOfTheirNames) {
  const Layout layout = expert_layout(small_model(), 0, {0, 4});
  const at::Tensor flat = at::arange(layout.num_elements, at::kFloat);
  LayerWeights layer;
  ExpertWeights& weights = layer.experts;
  weights.num_experts = 4;
  weights.kernel = config::ExpertKernel::kLoop;
  bind(layer, layout, flat, &Weight::value);
  for (const Slot& slot : layout.slots) {
    for (std::size_t e = 0; e < 4; ++e) {
      const std::string prefix = "model.layers.0.block_sparse_moe.experts." + std::to_string(e);
      if (slot.parameter.name.rfind(prefix, 0) != 0) continue;
      const std::string which = slot.parameter.name.substr(prefix.size() + 1, 2);
      const Weight& weight = which == "w1"   ? weights.gates[e]
                             : which == "w2" ? weights.downs[e]
                                             : weights.ups[e];
      EXPECT_EQ(weight.value.sizes(), at::IntArrayRef(slot.parameter.shape));
      EXPECT_EQ(weight.value.flatten()[0].item<std::int64_t>(), slot.offset);
    }
  }
}

struct LayerFixture {
  config::ModelConfig model = small_model();
  at::Tensor values, grads;
  LayerWeights weights;
  BatchContext batch;

  LayerFixture(const at::Tensor& flat, config::ExpertKernel kernel)
      : values(flat), grads(at::zeros_like(flat)) {
    const Layout layout = concatenate(dense_layout(model, 0), expert_layout(model, 0, {0, 4}));
    weights.experts.num_experts = 4;
    weights.experts.kernel = kernel;
    bind(weights, layout, values, &Weight::value);
    bind(weights, layout, grads, &Weight::grad);
    batch.attention = attention_context(model, {2, 6}, rope_tables(model, 8, at::kCPU), at::kFloat);
    batch.mask_T = at::ones({12});
    batch.mask_T[11] = 0;
    batch.experts = local_experts(kernel);
  }
};

TEST(DecoderLayer, LoopAndGroupedExpertsAgree) {
  const config::ModelConfig model = small_model();
  const std::int64_t size =
      concatenate(dense_layout(model, 0), expert_layout(model, 0, {0, 4})).num_elements;
  const at::Tensor flat = at::randn({size}) * 0.2;
  const at::Tensor input = at::randn({12, 16});
  const at::Tensor dy = at::randn({12, 16});
  std::vector<at::Tensor> outputs, input_grads, weight_grads;
  for (auto kernel : {config::ExpertKernel::kLoop, config::ExpertKernel::kGrouped}) {
    LayerFixture layer(flat, kernel);
    const at::Tensor x = input.clone().requires_grad_(true);
    const LayerOutput out = decoder_layer(x, layer.weights, layer.model, layer.batch);
    EXPECT_EQ(out.load.rows_E.sum().item<std::int64_t>(), 24);
    EXPECT_EQ(out.real_counts_E.sum().item<double>(), 22);
    EXPECT_NEAR(out.prob_sum_E.sum().item<double>(), 11, 1e-4);
    (out.x_TH * dy).sum().backward({}, /*retain_graph=*/true);
    outputs.push_back(out.x_TH.detach());
    input_grads.push_back(x.grad());
    weight_grads.push_back(layer.grads);
  }
  EXPECT_TRUE(at::allclose(outputs[0], outputs[1], 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(input_grads[0], input_grads[1], 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(weight_grads[0], weight_grads[1], 1e-4, 1e-5));
}

// This compares with the definition: every expert on every token, masked by the top-k choice.
TEST(LocalExperts, MatchTheDenseDefinition) {
  const config::ModelConfig model = small_model();
  const Layout layout = expert_layout(model, 0, {0, 4});
  const at::Tensor flat = at::randn({layout.num_elements}) * 0.2;
  std::array<LayerWeights, 2> weights;
  for (const auto kernel : kValues<config::ExpertKernel>) {
    ExpertWeights& experts = weights[static_cast<std::size_t>(kernel)].experts;
    experts.num_experts = 4;
    experts.kernel = kernel;
    bind(weights[static_cast<std::size_t>(kernel)], layout, flat, &Weight::value);
  }
  const ExpertWeights& each =
      weights[static_cast<std::size_t>(config::ExpertKernel::kLoop)].experts;
  const at::Tensor x = at::randn({10, 16});
  const auto chosen = std::get<1>(at::topk(at::rand({10, 4}), 2, -1));
  const at::Tensor mix = at::rand({10, 2});
  at::Tensor expected = at::zeros_like(x);
  for (std::int64_t e = 0; e < 4; ++e) {
    const auto i = static_cast<std::size_t>(e);
    const at::Tensor hidden =
        at::silu(at::mm(x, each.gates[i].value.t())) * at::mm(x, each.ups[i].value.t());
    const at::Tensor share = (mix * (chosen == e).to(at::kFloat)).sum(-1, true);
    expected += at::mm(hidden, each.downs[i].value.t()) * share;
  }
  for (auto kernel : {config::ExpertKernel::kLoop, config::ExpertKernel::kGrouped}) {
    ExpertWeights& experts = weights[static_cast<std::size_t>(kernel)].experts;
    const at::Tensor y = local_experts(kernel)(x, mix, chosen.to(at::kInt), experts, [] {}).y_TH;
    EXPECT_TRUE(at::allclose(y, expected, 1e-4, 1e-5)) << config::to_string(kernel);
  }
}

TEST(LoadBalancingLoss, IsTopKForAPerfectBalanceAndMoreOtherwise) {
  LayerOutput even;
  even.real_counts_E = at::full({4}, 6.0);
  even.prob_sum_E = at::full({4}, 3.0);
  // 12 tokens, top 2: f_e sums to top_k, P_e to 1, so the balanced value is top_k.
  const LoadBalancing balanced = load_balancing_loss({even, even}, 12);
  EXPECT_NEAR(balanced.loss.item<double>(), 2.0, 1e-6);

  LayerOutput uneven;
  uneven.real_counts_E = at::tensor({12.0F, 12.0F, 0.0F, 0.0F});
  uneven.prob_sum_E = at::tensor({6.0F, 6.0F, 0.0F, 0.0F});
  EXPECT_NEAR(load_balancing_loss({uneven, uneven}, 12).loss.item<double>(), 4.0, 1e-6);
  const double factor = 4.0 / (24.0 * 24.0);
  EXPECT_FLOAT_EQ(balanced.dloss_dprob_sum_E[0].item<float>(), static_cast<float>(12.0 * factor));
}

TEST(Embedding, LooksUpAndReturnsTheTablesGradient) {
  RootWeights weights;
  weights.embedding.value = at::randn({11, 16});
  weights.embedding.grad = at::full({11, 16}, 5.0);
  const at::Tensor tokens = at::tensor({3, 3, 10}, at::kLong);
  config::ModelConfig model = small_model();
  EXPECT_TRUE(at::equal(embed(tokens, weights, model)[2], weights.embedding.value[10]));
  const at::Tensor dx = at::randn({3, 16});
  embed_backward(tokens, dx, weights, model);
  EXPECT_TRUE(at::allclose(weights.embedding.grad[3], dx[0] + dx[1]));
  EXPECT_EQ(weights.embedding.grad[0].abs().sum().item<double>(), 0);

  weights.embedding.written = false;
  model.embedding_multiplier = 3;
  model.pad_token_id = 10;
  EXPECT_TRUE(at::equal(embed(tokens, weights, model)[0], weights.embedding.value[3] * 3));
  embed_backward(tokens, dx, weights, model);
  EXPECT_TRUE(at::allclose(weights.embedding.grad[3], (dx[0] + dx[1]) * 3));
  EXPECT_EQ(weights.embedding.grad[10].abs().sum().item<double>(), 0);
}

TEST(RootWeights, AddBothUsesOfATiedTable) {
  const config::ModelConfig model = small_granite();
  const Layout layout = root_layout(model);
  EXPECT_EQ(layout.slots.size(), 2);
  const at::Tensor values = at::randn({layout.num_elements});
  const at::Tensor grads = at::full({layout.num_elements}, 7.0);  // overwritten
  RootWeights weights;
  bind(weights, layout, values, &Weight::value);
  bind(weights, layout, grads, &Weight::grad);
  EXPECT_EQ(all_weights(weights).size(), 2);

  const at::Tensor tokens = at::tensor({3, 3, 10}, at::kLong);
  const at::Tensor dlogits = at::randn({3, 11});
  const at::Tensor x = embed(tokens, weights, model).requires_grad_(true);
  logits(x, weights, model).backward(dlogits);
  embed_backward(tokens, x.grad(), weights, model);

  const at::Tensor table = weights.embedding.value.clone().requires_grad_(true);
  const at::Tensor rows = table.index_select(0, at::tensor({3, 3, 10}, at::kLong)) * 3;
  const at::Tensor rms = (rows.square().mean(-1, true) + model.rms_norm_eps).rsqrt();
  at::mm(rows * rms * weights.norm.value, table.t()).div(4).backward(dlogits);
  EXPECT_TRUE(at::allclose(weights.embedding.grad, table.grad(), 1e-4, 1e-5));
}

// With experts that return 0 the layer is attention alone: out = x + multiplier x attention.
TEST(DecoderLayer, ScalesWhatItAddsToTheResidual) {
  const Layout layout =
      concatenate(dense_layout(small_model(), 0), expert_layout(small_model(), 0, {0, 4}));
  const at::Tensor flat = at::randn({layout.num_elements}) * 0.2;
  const at::Tensor x = at::randn({12, 16});
  std::vector<at::Tensor> added;
  for (const double multiplier : {1.0, 0.25}) {
    LayerFixture layer(flat, config::ExpertKernel::kGrouped);
    layer.model.residual_multiplier = multiplier;
    layer.weights.experts.down.value = at::zeros({4, 16, 24});
    added.push_back(decoder_layer(x, layer.weights, layer.model, layer.batch).x_TH - x);
  }
  EXPECT_TRUE(at::allclose(added[1], added[0] * 0.25, 1e-5, 1e-6));
}

}  // namespace
}  // namespace moebench::model
