#include "harness/model/ops.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <numeric>
#include <vector>

#include "harness/model/model_testing.h"

namespace moebench::model {
namespace {

constexpr double kBound = 2e-6;

// Runs both functions and the backward pass of sum(y * dy) on copies of the same input.
void expect_same_output_and_input_gradient(
    const std::function<at::Tensor(const at::Tensor&)>& op,
    const std::function<at::Tensor(const at::Tensor&)>& reference, const at::Tensor& input) {
  const at::Tensor x = input.clone().requires_grad_(true);
  const at::Tensor x_reference = input.clone().requires_grad_(true);
  const at::Tensor y = op(x);
  const at::Tensor y_reference = reference(x_reference);
  EXPECT_LT(relative_error(y, y_reference), kBound);
  const at::Tensor dy = at::randn_like(y);
  y.backward(dy);
  y_reference.backward(dy);
  EXPECT_LT(relative_error(x.grad(), x_reference.grad()), kBound);
}

TEST(Linear, MatchesAutograd) {
  Weight w = make_weight({7, 5});
  const at::Tensor reference = w.value.clone().requires_grad_(true);
  expect_same_output_and_input_gradient(
      [&](const at::Tensor& x) { return linear(x, w); },
      [&](const at::Tensor& x) { return at::mm(x, reference.t()); }, at::randn({11, 5}));
  EXPECT_TRUE(w.written);
  EXPECT_LT(relative_error(w.grad, reference.grad()), kBound);
}

TEST(Linear, AddsABiasToEachRow) {
  Weight w = make_weight({7, 5}), bias = make_weight({7});
  const at::Tensor reference = bias.value.clone().requires_grad_(true);
  expect_same_output_and_input_gradient(
      [&](const at::Tensor& x) { return linear(x, w, bias); },
      [&](const at::Tensor& x) { return at::mm(x, w.value.t()) + reference; }, at::randn({11, 5}));
  EXPECT_TRUE(bias.written);
  EXPECT_LT(relative_error(bias.grad, reference.grad()), kBound);
  Weight none;
  const at::Tensor x = at::randn({2, 5});
  EXPECT_LT(relative_error(linear(x, w, none), at::mm(x, w.value.t())), kBound);
}

TEST(Linear, AddsToTheGradientsWhenItAccumulates) {
  Weight w = make_weight({3, 4}), bias = make_weight({3});
  w.grad.fill_(1.0);
  bias.grad.fill_(2.0);
  w.accumulate = bias.accumulate = true;
  const at::Tensor x = at::randn({6, 4}).requires_grad_(true);
  linear(x, w, bias).backward(at::ones({6, 3}));
  const at::Tensor expected = at::ones({3, 4}) + at::mm(at::ones({3, 6}), x.detach());
  EXPECT_LT(relative_error(w.grad, expected), kBound);
  EXPECT_LT(relative_error(bias.grad, at::full({3}, 8.0)), kBound);
}

TEST(RmsNorm, MatchesAutograd) {
  Weight w = make_weight({16});
  const at::Tensor reference = w.value.clone().requires_grad_(true);
  expect_same_output_and_input_gradient([&](const at::Tensor& x) { return rms_norm(x, w, 1e-5); },
                                        [&](const at::Tensor& x) {
                                          return x * at::rsqrt(x.square().mean(-1, true) + 1e-5) *
                                                 reference;
                                        },
                                        at::randn({9, 16}));
  EXPECT_LT(relative_error(w.grad, reference.grad()), kBound);
}

SharedRowGroups groups_of(const std::vector<std::int32_t>& ids, std::int64_t experts,
                          std::int64_t multiple) {
  return group_rows(at::tensor(ids), experts, multiple);
}

TEST(PermuteAndCombine, MatchAutograd) {
  const std::vector<std::int32_t> ids = {2, 0, 1, 2, 0, 2};  // 3 tokens, top 2, expert 3 unused
  const auto groups = groups_of(ids, 4, 4);
  const at::Tensor weights = at::rand({3, 2});
  const at::Tensor w = weights.clone().requires_grad_(true);
  const at::Tensor w_reference = weights.clone().requires_grad_(true);
  expect_same_output_and_input_gradient(
      [&](const at::Tensor& x) { return combine_rows(permute_rows(x, groups, 2), w, groups, 2); },
      [&](const at::Tensor& x) { return x * w_reference.sum(-1, true); }, at::randn({3, 6}));
  EXPECT_LT(relative_error(w.grad(), w_reference.grad()), kBound);
}

TEST(LmHeadLoss, MatchesAutogradAndSkipsNegativeLabels) {
  Weight head = make_weight({9, 4});
  const at::Tensor reference = head.value.clone().requires_grad_(true);
  const std::vector<std::int64_t> labels = {3, -1, 8, 0, -1};
  const at::Tensor input = at::randn({5, 4});
  const at::Tensor x = input.clone().requires_grad_(true);
  const at::Tensor loss = lm_head_loss(x, head, {at::tensor(labels), 0.25F});
  loss.backward();

  const at::Tensor x_reference = input.clone().requires_grad_(true);
  const at::Tensor kept = at::tensor({0, 2, 3}, at::kLong);
  const at::Tensor wanted = at::tensor({3, 8, 0}, at::kLong);
  const at::Tensor logits = at::mm(x_reference, reference.t()).index_select(0, kept);
  const at::Tensor expected = -at::log_softmax(logits, -1).gather(1, wanted.unsqueeze(1)).sum();
  (expected * 0.25).backward();
  EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-5);
  EXPECT_LT(relative_error(x.grad(), x_reference.grad()), kBound);
  EXPECT_LT(relative_error(head.grad, reference.grad()), kBound);
}

}  // namespace
}  // namespace moebench::model
