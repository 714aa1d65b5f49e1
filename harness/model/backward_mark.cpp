#include "harness/model/backward_mark.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>

#include <memory>

namespace moebench::model {
namespace {

class EnterPhase : public torch::autograd::FunctionPreHook {
 public:
  explicit EnterPhase(measure::Phase phase) : phase_(phase) {}

  torch::autograd::variable_list operator()(const torch::autograd::variable_list& grads) override {
    measure::change_phase(phase_);
    return grads;
  }

 private:
  measure::Phase phase_;
};

}  // namespace

void mark_backward(const at::Tensor& output, measure::Phase phase) {
  const auto& node = output.grad_fn();
  if (node) node->add_pre_hook(std::make_unique<EnterPhase>(measure::backward_of(phase)));
}

}  // namespace moebench::model
