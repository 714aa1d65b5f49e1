#include "harness/model/router.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "harness/model/model_testing.h"

namespace moebench::model {
namespace {

using config::ModelConfig;

constexpr std::int64_t kTokens = 40, kHidden = 6, kExperts = 12;

ModelConfig model_of(config::RouterScore score) {
  ModelConfig model;
  model.hidden_size = kHidden;
  model.num_experts = kExperts;
  model.top_k = 3;
  model.router_score = score;
  return model;
}

DenseWeights weights_of(const ModelConfig& model) {
  DenseWeights weights;
  weights.router = make_weight({kExperts, kHidden});
  if (model.router_bias) weights.router_bias = make_weight({kExperts});
  if (model.router_correction) weights.router_correction = make_weight({kExperts});
  return weights;
}

using Row = std::vector<double>;

// Places of the k largest values.
std::vector<std::size_t> largest(const Row& values, std::int64_t k) {
  std::vector<std::size_t> places(values.size());
  std::iota(places.begin(), places.end(), 0);
  std::ranges::stable_sort(places, [&](auto a, auto b) { return values[a] > values[b]; });
  places.resize(static_cast<std::size_t>(k));
  return places;
}

// The rule of a token's choice, one token and one expert after the other: which ones, given their
// scores and the corrections.
std::vector<std::size_t> chosen_by_rule(const Row& scores, const Row& corrections,
                                        const ModelConfig& model) {
  Row choice(scores.size());
  std::ranges::transform(scores, corrections, choice.begin(), std::plus<>());
  const auto groups = static_cast<std::size_t>(model.num_expert_groups);
  const std::size_t size = scores.size() / groups;
  Row group_scores;
  for (std::size_t g = 0; g < groups; ++g) {
    Row members(choice.begin() + static_cast<std::ptrdiff_t>(g * size),
                choice.begin() + static_cast<std::ptrdiff_t>((g + 1) * size));
    std::ranges::sort(members, std::greater<>());
    const bool two = model.group_score == config::GroupScore::kBestTwo;
    group_scores.push_back(two ? members[0] + members[1] : members[0]);
  }
  const auto kept = largest(group_scores, model.top_k_groups);
  for (std::size_t e = 0; e < choice.size(); ++e) {
    if (std::ranges::count(kept, e / size) == 0) choice[e] = -INFINITY;
  }
  return largest(choice, model.top_k);
}

Row to_row(const at::Tensor& values) {
  const at::Tensor as_double = values.detach().to(at::kDouble).contiguous();
  const auto* begin = as_double.const_data_ptr<double>();
  return {begin, begin + as_double.numel()};
}

// What the definition makes of the same x, differentiable by `router` and `bias`.
struct Expected {
  std::vector<std::vector<std::size_t>> ids;
  at::Tensor weights_Tk;
};
Expected router_by_definition(const at::Tensor& x, const at::Tensor& router, const at::Tensor& bias,
                              const DenseWeights& weights, const ModelConfig& model) {
  at::Tensor logits = at::mm(x, router.t());
  if (bias.defined()) logits = logits + bias;
  const at::Tensor exponential = logits.exp();
  const at::Tensor scores = model.router_score == config::RouterScore::kSoftmax
                                ? exponential / exponential.sum(-1, true)
                                : exponential / (exponential + 1);
  Row corrections(kExperts, 0.0);
  if (model.router_correction) corrections = to_row(weights.router_correction.value);
  Expected expected;
  std::vector<at::Tensor> rows;
  for (std::int64_t t = 0; t < x.size(0); ++t) {
    expected.ids.push_back(chosen_by_rule(to_row(scores[t]), corrections, model));
    std::vector<at::Tensor> row;
    for (const std::size_t e : expected.ids.back()) {
      row.push_back(scores[t][static_cast<std::int64_t>(e)]);
    }
    const at::Tensor of_token = at::stack(row);
    rows.push_back((model.normalise_top_k ? of_token / of_token.sum() : of_token) *
                   model.routed_scaling_factor);
  }
  expected.weights_Tk = at::stack(rows);
  return expected;
}

void expect_router_by_definition(const ModelConfig& model) {
  DenseWeights weights = weights_of(model);
  const at::Tensor input = at::randn({kTokens, kHidden});
  const at::Tensor x = leaf(input), x_expected = leaf(input);
  const at::Tensor router = leaf(weights.router.value);
  const at::Tensor bias = model.router_bias ? leaf(weights.router_bias.value) : at::Tensor();
  const Routing routing = route(x, weights, model);
  const Expected expected = router_by_definition(x_expected, router, bias, weights, model);
  for (std::int64_t t = 0; t < kTokens; ++t) {
    for (std::int64_t j = 0; j < model.top_k; ++j) {
      EXPECT_EQ(routing.ids_Tk[t][j].item<std::int64_t>(),
                static_cast<std::int64_t>(
                    expected.ids[static_cast<std::size_t>(t)][static_cast<std::size_t>(j)]));
    }
  }
  EXPECT_TRUE(at::allclose(routing.weights_Tk, expected.weights_Tk, 1e-5, 1e-6));

  const at::Tensor dweights = at::randn({kTokens, model.top_k});
  routing.weights_Tk.backward(dweights);
  expected.weights_Tk.backward(dweights);
  EXPECT_LT(relative_error(x.grad(), x_expected.grad()), 1e-5);
  EXPECT_LT(relative_error(weights.router.grad, router.grad()), 1e-5);
  if (bias.defined()) {
    EXPECT_LT(relative_error(weights.router_bias.grad, bias.grad()), 1e-5);
  }
  // The correction is no function's argument: its gradient is as it was.
  if (model.router_correction) {
    EXPECT_FALSE(weights.router_correction.written);
    EXPECT_TRUE((weights.router_correction.grad == 99).all().item<bool>());
  }
}

TEST(Router, MatchesItsDefinition) {
  for (const auto score : kValues<config::RouterScore>) {
    for (const bool normalises : {true, false}) {
      ModelConfig model = model_of(score);
      model.normalise_top_k = normalises;
      expect_router_by_definition(model);
      model.routed_scaling_factor = 2.5;
      model.router_bias = true;
      expect_router_by_definition(model);
    }
  }
}

TEST(Router, CorrectsTheChoiceAndNotTheWeights) {
  for (const auto score : kValues<config::RouterScore>) {
    ModelConfig model = model_of(score);
    model.router_correction = true;
    expect_router_by_definition(model);
  }
}

TEST(Router, ChoosesWithinTheBestGroups) {
  for (const auto score : kValues<config::RouterScore>) {
    for (const auto group_score : kValues<config::GroupScore>) {
      ModelConfig model = model_of(score);
      model.num_expert_groups = 4;
      model.top_k_groups = 2;
      model.group_score = group_score;
      expect_router_by_definition(model);
      model.router_correction = true;
      expect_router_by_definition(model);
    }
  }
}

// In bf16 logits near each other become the same number, in fp32 they do not.
TEST(Router, ComputesLogitsInFp32WhereTheModelDoes) {
  ModelConfig model = model_of(config::RouterScore::kSigmoid);
  model.router_fp32 = true;
  for (const bool accumulates : {false, true}) {
    DenseWeights weights = weights_of(model);
    for (at::Tensor* tensor : {&weights.router.value, &weights.router.grad}) {
      *tensor = tensor->to(at::kBFloat16);
    }
    weights.router.accumulate = accumulates;
    const at::Tensor before = weights.router.grad.to(at::kFloat);
    const at::Tensor x = leaf(at::randn({kTokens, kHidden}).to(at::kBFloat16));
    const at::Tensor x_fp32 = leaf(x.to(at::kFloat));
    const at::Tensor router = leaf(weights.router.value.to(at::kFloat));
    const Routing routing = route(x, weights, model);
    const at::Tensor scores = at::mm(x_fp32, router.t()).sigmoid();
    EXPECT_TRUE(at::equal(routing.scores_TE, scores));

    const at::Tensor dscores = at::randn({kTokens, kExperts});
    routing.scores_TE.backward(dscores);
    scores.backward(dscores);
    EXPECT_EQ(x.grad().scalar_type(), at::kBFloat16);
    EXPECT_LT(relative_error(x.grad().to(at::kFloat), x_fp32.grad()), 4e-3);
    const at::Tensor want = accumulates ? before + router.grad() : router.grad();
    EXPECT_LT(relative_error(weights.router.grad.to(at::kFloat), want), 4e-3);
    EXPECT_TRUE(weights.router.written);
  }
}

// gpt-oss: softmax of the chosen logits alone.
TEST(Router, NormalisedSoftmaxIsTheSoftmaxOfTheChosenLogits) {
  ModelConfig model = model_of(config::RouterScore::kSoftmax);
  DenseWeights weights = weights_of(model);
  const at::Tensor x = at::randn({kTokens, kHidden});
  const Routing routing = route(x, weights, model);
  const at::Tensor logits =
      at::mm(x, weights.router.value.t()).gather(1, routing.ids_Tk.to(at::kLong));
  EXPECT_TRUE(at::allclose(routing.weights_Tk, logits.softmax(-1), 1e-5, 1e-6));
}

TEST(Router, GivesForcedExpertsTheirOwnScores) {
  for (const auto score : kValues<config::RouterScore>) {
    ModelConfig model = model_of(score);
    model.num_expert_groups = 3;
    model.router_correction = true;
    DenseWeights weights = weights_of(model);
    std::vector<at::Tensor> forced;
    for (std::int64_t t = 0; t < kTokens; ++t) {
      forced.push_back(at::randperm(kExperts, at::kInt).narrow(0, 0, model.top_k));
    }
    const at::Tensor x = leaf(at::randn({kTokens, kHidden}));
    const Routing routing = route(x, weights, model, {.forced_ids_Tk = at::stack(forced)});
    EXPECT_TRUE(at::equal(routing.ids_Tk, at::stack(forced)));
    const at::Tensor scores = routing.scores_TE.gather(1, routing.ids_Tk.to(at::kLong));
    EXPECT_TRUE(at::allclose(routing.weights_Tk, scores / scores.sum(-1, true), 1e-5, 1e-6));
    routing.weights_Tk.backward(at::randn({kTokens, model.top_k}));
    EXPECT_GT(x.grad().abs().max().item<double>(), 0);
  }
}

// Two experts, or groups of them, whose scores are within the margin change places.
TEST(Router, TakesTheNextOneAtATie) {
  ModelConfig model = model_of(config::RouterScore::kSigmoid);
  model.hidden_size = 1;
  model.num_experts = 4;
  model.top_k = 1;
  DenseWeights weights;
  weights.router.value = at::tensor({1.0F, 1.001F, -1.0F, -1.1F}).view({4, 1});
  const at::Tensor x = at::tensor({1.0F}).view({1, 1});
  const auto chosen = [&](double margin) {
    return route(x, weights, model, {.tie_margin = margin}).ids_Tk[0][0].item<std::int64_t>();
  };
  EXPECT_EQ(chosen(0), 1);
  EXPECT_EQ(chosen(1e-5), 1);
  EXPECT_EQ(chosen(1e-2), 0);

  weights.router.value = at::tensor({1.001F, -1.0F, 1.0F, -1.0F}).view({4, 1});
  model.num_expert_groups = 2;
  EXPECT_EQ(chosen(0), 0);
  EXPECT_EQ(chosen(1e-5), 0);
  EXPECT_EQ(chosen(1e-2), 2);  // the other group, whose other expert is no tie
}

}  // namespace
}  // namespace moebench::model
