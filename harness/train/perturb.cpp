#include "harness/train/perturb.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randint.h>

#include <cstdint>
#include <string>

#include "harness/base/hash.h"

namespace moebench::train {
namespace {

// The neighbour of each number in its dtype: the same bits read as an integer, one up or down,
// which is one unit in the last place of the magnitude.
void move_by_one_ulp(const at::Tensor& numbers, std::uint64_t seed) {
  const at::ScalarType bits = numbers.element_size() == 2 ? at::kShort : at::kInt;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const at::Tensor up = at::randint(0, 2, numbers.sizes(), generator, at::TensorOptions(at::kChar));
  at::Tensor steps = (up * 2 - 1).to(numbers.device());
  steps.masked_fill_(numbers == 0, 0);
  numbers.view(bits).add_(steps);
}

}  // namespace

void perturb_parameters(Engine& engine) {
  for (parallel::ShardedUnit* unit : engine.all_units()) {
    const std::string slice = unit->layout().name + ":" + std::to_string(unit->plan().slice_begin);
    move_by_one_ulp(unit->shard(), hash64(slice));
  }
}

}  // namespace moebench::train
