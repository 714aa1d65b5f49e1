#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/custom_function.h>

#include "harness/measure/phases.h"

namespace moebench::measure {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct MarkedFunction : torch::autograd::Function<MarkedFunction> {
  static at::Tensor forward(AutogradContext*, const at::Tensor& x) { return x * 2; }
  static variable_list backward(AutogradContext*, variable_list grads) {
    const PhaseScope scope(Phase::kDispatch);
    return {grads[0] * 2};
  }
};

TEST(Phases, MarksInABackwardPassCount) {
  const at::Tensor x = at::ones({1 << 20}).requires_grad_(true);
  const at::Tensor y = MarkedFunction::apply(x).sum();
  PhaseRecorder recorder;
  {
    const PhaseScope scope(Phase::kAttentionBackward);
    y.backward();
  }
  const PhaseTimes times = recorder.take();
  EXPECT_GT(times[static_cast<std::size_t>(Phase::kDispatch)], 0);
  EXPECT_GT(times[static_cast<std::size_t>(Phase::kAttentionBackward)], 0);
}

}  // namespace
}  // namespace moebench::measure
