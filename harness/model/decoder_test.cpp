#include "harness/model/decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "harness/model/model_testing.h"
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

// All parameters of a layer.
Layout layer_layout(const config::ModelConfig& model, std::int64_t layer) {
  if (model.is_dense(layer)) return dense_layout(model, layer);
  return concatenate(dense_layout(model, layer), expert_layout(model, layer, {0, 4}));
}

struct LayerFixture {
  config::ModelConfig model;
  at::Tensor values, grads;
  LayerWeights weights;
  BatchContext batch;

  LayerFixture(const at::Tensor& flat, config::ExpertKernel kernel,
               const config::ModelConfig& of = small_model(), std::int64_t layer = 0)
      : model(of), values(flat), grads(at::zeros_like(flat)) {
    const Layout layout = layer_layout(model, layer);
    weights.index = layer;
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
  const std::int64_t size = layer_layout(model, 0).num_elements;
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

TEST(LoadBalancingLoss, IsOfTheLayersThatHaveExperts) {
  LayerOutput sparse;
  sparse.real_counts_E = at::tensor({12.0F, 12.0F, 0.0F, 0.0F});
  sparse.prob_sum_E = at::tensor({6.0F, 6.0F, 0.0F, 0.0F});
  const double alone = load_balancing_loss({sparse}, 12).loss.item<double>();
  EXPECT_EQ(load_balancing_loss({{}, sparse, {}}, 12).loss.item<double>(), alone);
  const LoadBalancing none = load_balancing_loss({{}, {}}, 12);
  EXPECT_EQ(none.loss.item<double>(), 0);
  EXPECT_FALSE(none.dloss_dprob_sum_E.defined());
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
  EXPECT_LT(relative_error(weights.embedding.grad[3], dx[0] + dx[1]), 1e-6);
  EXPECT_EQ(weights.embedding.grad[0].abs().sum().item<double>(), 0);

  weights.embedding.written = false;
  model.embedding_multiplier = 3;
  model.pad_token_id = 10;
  EXPECT_TRUE(at::equal(embed(tokens, weights, model)[0], weights.embedding.value[3] * 3));
  embed_backward(tokens, dx, weights, model);
  EXPECT_LT(relative_error(weights.embedding.grad[3], (dx[0] + dx[1]) * 3), 1e-6);
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
  const Layout layout = layer_layout(small_model(), 0);
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

// Layer 0 has experts, shared ones and a gate of these; layer 1 is dense.
config::ModelConfig small_gated() {
  config::ModelConfig model = small_model();
  model.type = config::ModelType::kQwen2Moe;
  model.shared_intermediate_size = 20;
  model.shared_gate = true;
  model.dense_layers = {1};
  model.dense_intermediate_size = 28;
  model.residual_multiplier = 0.5;
  return model;
}

at::Tensor plain_norm(const at::Tensor& x, const at::Tensor& weight) {
  return x * (x.square().mean(-1, true) + 1e-5).rsqrt() * weight;
}

at::Tensor plain_mlp(const at::Tensor& x, const MlpWeights& weights) {
  const auto projected = at::mm(x, weights.gate_up.value.t()).chunk(2, -1);
  return at::mm(at::silu(projected[0]) * projected[1], weights.down.value.t());
}

// Without what they attend to, which comes first: o is 0.
LayerFixture without_attention(const at::Tensor& flat, const config::ModelConfig& model,
                               std::int64_t layer) {
  LayerFixture fixture(flat, config::ExpertKernel::kGrouped, model, layer);
  fixture.weights.dense.attention.o.value.zero_();
  return fixture;
}

TEST(DecoderLayer, OfADenseLayerIsItsMlp) {
  const config::ModelConfig model = small_gated();
  const at::Tensor flat = at::randn({layer_layout(model, 1).num_elements}) * 0.2;
  LayerFixture layer = without_attention(flat, model, 1);
  const at::Tensor x = at::randn({12, 16}).requires_grad_(true);
  const LayerOutput out = decoder_layer(x, layer.weights, model, layer.batch);
  const DenseWeights& w = layer.weights.dense;
  const at::Tensor expected = x + plain_mlp(plain_norm(x, w.post_norm.value), w.mlp) * 0.5;
  EXPECT_TRUE(at::allclose(out.x_TH, expected, 1e-5, 1e-6));
  EXPECT_FALSE(out.prob_sum_E.defined() || out.real_counts_E.defined() ||
               out.load.rows_E.defined());
  out.x_TH.backward(at::randn({12, 16}));
  EXPECT_GT(w.mlp.gate_up.grad.abs().max().item<double>(), 0);
}

// What shared experts add, and the gradients of what they alone have.
TEST(DecoderLayer, AddsSharedExpertsTimesTheirGate) {
  const config::ModelConfig model = small_gated();
  const at::Tensor flat = at::randn({layer_layout(model, 0).num_elements}) * 0.2;
  LayerFixture layer = without_attention(flat, model, 0);
  layer.weights.experts.down.value.zero_();
  const at::Tensor x = at::randn({12, 16}), dy = at::randn({12, 16});
  const at::Tensor x_in = x.clone().requires_grad_(true);
  const LayerOutput out = decoder_layer(x_in, layer.weights, model, layer.batch);
  DenseWeights& w = layer.weights.dense;
  const at::Tensor gate = w.shared_gate.value.clone().requires_grad_(true);
  const at::Tensor normed = plain_norm(x, w.post_norm.value);
  const at::Tensor share = at::sigmoid(at::mm(normed, gate.t()));
  const at::Tensor expected = x + plain_mlp(normed, w.mlp) * share * 0.5;
  EXPECT_TRUE(at::allclose(out.x_TH, expected, 1e-5, 1e-6));
  out.x_TH.backward(dy);
  expected.backward(dy);
  EXPECT_TRUE(at::allclose(w.shared_gate.grad, gate.grad(), 1e-4, 1e-5));
  EXPECT_GT(w.mlp.down.grad.abs().max().item<double>(), 0);
}

TEST(DecoderLayer, SumsNothingWithoutALoadBalancingLoss) {
  const at::Tensor flat = at::randn({layer_layout(small_model(), 0).num_elements}) * 0.2;
  LayerFixture layer(flat, config::ExpertKernel::kGrouped);
  layer.batch.balances = false;
  const LayerOutput out =
      decoder_layer(at::randn({12, 16}), layer.weights, layer.model, layer.batch);
  EXPECT_FALSE(out.prob_sum_E.defined() || out.real_counts_E.defined());
  EXPECT_EQ(out.load.rows_E.sum().item<std::int64_t>(), 24);
}

}  // namespace
}  // namespace moebench::model
