#include "harness/train/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <cmath>

#include "harness/parallel/flat_kernels.h"

namespace moebench::train {
namespace {

using Units = std::vector<parallel::ShardedUnit*>;

// What the optimizer reads and changes of a rank's slice: all but what is not trained, which lies
// at its end.
struct Slice {
  explicit Slice(const parallel::ShardedUnit& unit)
      : parameters(trained(unit, unit.shard())),
        gradient(trained(unit, unit.gradient_shard())),
        exp_avg(trained(unit, unit.exp_avg_shard())),
        exp_avg_sq(trained(unit, unit.exp_avg_sq_shard())) {}

  at::Tensor parameters, gradient, exp_avg, exp_avg_sq;

 private:
  static at::Tensor trained(const parallel::ShardedUnit& unit, const at::Tensor& slice) {
    return slice.narrow(0, 0, unit.plan().trained_elements());
  }
};

std::vector<Slice> slices_of(const Units& units) {
  std::vector<Slice> slices;
  for (const parallel::ShardedUnit* unit : units) {
    if (unit->plan().trained_elements() > 0) slices.emplace_back(*unit);
  }
  return slices;
}

kernels::AdamWOptions options_of(const config::CellConfig& cell, double grad_norm,
                                 std::int64_t update) {
  kernels::AdamWOptions options;
  options.learning_rate = cell.learning_rate;
  options.beta1 = cell.adam_beta1;
  options.beta2 = cell.adam_beta2;
  options.epsilon = cell.adam_epsilon;
  options.weight_decay = cell.weight_decay;
  options.step = update;
  if (cell.max_grad_norm > 0) {
    // The small constant is PyTorch's clip_grad_norm_'s.
    options.gradient_scale = std::min(1.0, cell.max_grad_norm / (grad_norm + 1e-6));
  }
  return options;
}

// Holds what torch computes of the options before it touches a tensor.
struct Factors {
  explicit Factors(const kernels::AdamWOptions& o)
      : decay(1 - o.learning_rate * o.weight_decay),
        step_size(o.learning_rate / (1 - std::pow(o.beta1, static_cast<double>(o.step)))),
        sqrt_correction2(std::sqrt(1 - std::pow(o.beta2, static_cast<double>(o.step)))) {}
  double decay, step_size, sqrt_correction2;
};

void fused_update(const std::vector<Slice>& slices, const kernels::AdamWOptions& options) {
  for (const Slice& slice : slices) {
    RECORD_FUNCTION("moebench::adamw", std::vector<c10::IValue>());
    parallel::flat::adamw(slice.parameters, slice.gradient, slice.exp_avg, slice.exp_avg_sq,
                          options);
  }
}

void multi_tensor_update(const std::vector<Slice>& slices, const kernels::AdamWOptions& options) {
  std::vector<at::Tensor> params, grads, exp_avgs, exp_avg_sqs;
  for (const Slice& slice : slices) {
    params.push_back(slice.parameters);
    grads.push_back(slice.gradient);
    exp_avgs.push_back(slice.exp_avg);
    exp_avg_sqs.push_back(slice.exp_avg_sq);
  }
  const Factors factors(options);
  if (options.weight_decay != 0) at::_foreach_mul_(params, factors.decay);
  at::_foreach_lerp_(exp_avgs, grads, 1 - options.beta1);
  at::_foreach_mul_(exp_avg_sqs, options.beta2);
  at::_foreach_addcmul_(exp_avg_sqs, grads, grads, 1 - options.beta2);
  const std::vector<at::Tensor> denominators = at::_foreach_sqrt(exp_avg_sqs);
  at::_foreach_div_(denominators, factors.sqrt_correction2);
  at::_foreach_add_(denominators, options.epsilon);
  at::_foreach_addcdiv_(params, exp_avgs, denominators, -factors.step_size);
}

void single_tensor_update(const Slice& slice, const kernels::AdamWOptions& options) {
  const Factors factors(options);
  const at::Tensor& grad = slice.gradient;
  if (options.weight_decay != 0) slice.parameters.mul_(factors.decay);
  slice.exp_avg.lerp_(grad, 1 - options.beta1);
  slice.exp_avg_sq.mul_(options.beta2).addcmul_(grad, grad, 1 - options.beta2);
  const at::Tensor denominator =
      (slice.exp_avg_sq.sqrt() / factors.sqrt_correction2).add_(options.epsilon);
  slice.parameters.addcdiv_(slice.exp_avg, denominator, -factors.step_size);
}

// Multiplies by a factor of 1 as well: so does clip_grad_norm_, which then need not look at it.
void clip(const config::CellConfig& cell, const Units& units,
          const kernels::AdamWOptions& options) {
  if (cell.max_grad_norm <= 0) return;
  for (const parallel::ShardedUnit* unit : units) {
    unit->gradient_shard().mul_(options.gradient_scale);
  }
}

}  // namespace

void update_parameters(const config::CellConfig& cell, const Units& units, double grad_norm,
                       std::int64_t update) {
  const kernels::AdamWOptions options = options_of(cell, grad_norm, update);
  switch (cell.optimizer) {
    case config::Optimizer::kFused:
      return fused_update(slices_of(units), options);
    case config::Optimizer::kForeach:
      clip(cell, units, options);
      return multi_tensor_update(slices_of(units), options);
    case config::Optimizer::kPerTensor:
      clip(cell, units, options);
      for (const Slice& slice : slices_of(units)) single_tensor_update(slice, options);
      return;
  }
}

}  // namespace moebench::train
