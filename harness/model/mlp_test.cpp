#include "harness/model/mlp.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <gtest/gtest.h>

#include "harness/model/model_testing.h"

namespace moebench::model {
namespace {

// silu(x gate^T) * (x up^T), times down^T, by autograd.
struct MlpReference {
  at::Tensor x, gate_up, down, y;

  MlpReference(const at::Tensor& input, const MlpWeights& weights)
      : x(leaf(input)), gate_up(leaf(weights.gate_up.value)), down(leaf(weights.down.value)) {
    const auto projected = at::mm(x, gate_up.t()).chunk(2, -1);
    y = at::mm(at::silu(projected[0]) * projected[1], down.t());
  }
};

TEST(GatedMlp, MatchesAutograd) {
  MlpWeights weights{make_weight({20, 6}), make_weight({6, 10})};
  const at::Tensor x = leaf(at::randn({13, 6})), dy = at::randn({13, 6});
  const MlpReference reference(x, weights);
  const at::Tensor y = gated_mlp(x, weights);
  EXPECT_LT(relative_error(y, reference.y), 2e-6);
  y.backward(dy);
  reference.y.backward(dy);
  EXPECT_LT(relative_error(x.grad(), reference.x.grad()), 2e-6);
  EXPECT_LT(relative_error(weights.gate_up.grad, reference.gate_up.grad()), 2e-6);
  EXPECT_LT(relative_error(weights.down.grad, reference.down.grad()), 2e-6);
  EXPECT_TRUE(weights.gate_up.written && weights.down.written);
}

TEST(GatedMlp, AddsToTheGradientsWhenItAccumulates) {
  MlpWeights weights{make_weight({20, 6}), make_weight({6, 10})};
  for (Weight* weight : {&weights.gate_up, &weights.down}) {
    weight->accumulate = true;
    weight->grad.fill_(1);
  }
  const at::Tensor x = leaf(at::randn({13, 6})), dy = at::randn({13, 6});
  const MlpReference reference(x, weights);
  gated_mlp(x, weights).backward(dy);
  reference.y.backward(dy);
  EXPECT_LT(relative_error(weights.gate_up.grad, reference.gate_up.grad() + 1), 2e-6);
  EXPECT_LT(relative_error(weights.down.grad, reference.down.grad() + 1), 2e-6);
}

}  // namespace
}  // namespace moebench::model
