#include "harness/load/expert_request.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/check.h"

namespace moebench::load {
namespace {

using partition::ParameterSpec;
using partition::Role;

// Finds the parameters of a layer by what they are for.
class LayerStacks {
 public:
  LayerStacks(const config::ModelConfig& model, std::int64_t layer, partition::ExpertRange range)
      : model_(model), all_(partition::layer_parameters(model, layer)), range_(range) {}

  std::vector<Stack> all() const {
    std::vector<Stack> stacks = {router()};
    if (!partition::has_stacked_experts(model_)) {
      stacks.push_back(experts("w1", Role::kExpertGate, false));
      stacks.push_back(experts("w2", Role::kExpertDown, true));
      stacks.push_back(experts("w3", Role::kExpertUp, false));
    } else if (has(Role::kExpertGateUp)) {
      stacks.push_back(half_of_stack("w1", 0));
      stacks.push_back(experts("w2", Role::kExpertDown, true));
      stacks.push_back(half_of_stack("w3", 1));
    } else {
      stacks.push_back(experts("w13", Role::kExpertGateUpColumns, true));
      stacks.push_back(experts("w2", Role::kExpertDownColumns, false));
    }
    if (has(Role::kExpertGateUpBias)) {
      stacks.push_back(experts("w13_bias", Role::kExpertGateUpBias, false));
      stacks.push_back(experts("w2_bias", Role::kExpertDownBias, false));
    }
    return stacks;
  }

 private:
  bool has(Role role) const { return std::ranges::count(all_, role, &ParameterSpec::role) > 0; }

  Stack router() const {
    Stack stack{.name = "router", .parts = {}};
    for (const Role role : {Role::kRouter, Role::kRouterBias, Role::kRouterCorrection}) {
      for (const ParameterSpec& parameter : all_) {
        if (parameter.role != role) continue;
        stack.parts.push_back({.tensor = parameter.name,
                               .shape = parameter.shape,
                               .rows = model_.num_experts,
                               .cols = parameter.num_elements() / model_.num_experts});
      }
    }
    stack.is_distributed = false;
    stack.keep_elements = stack.num_elements();
    return stack;
  }

  // One part an expert, of tensors of their own or of a stack of all.
  Stack experts(const std::string& name, Role role, bool transposed) const {
    Stack stack{.name = name, .parts = {}, .transposed = transposed};
    for (const ParameterSpec& parameter : all_) {
      if (parameter.role != role) continue;
      const std::int64_t parts = parameter.expert < 0 ? model_.num_experts : 1;
      const std::int64_t elements = parameter.num_elements() / parts;
      for (std::int64_t e = 0; e < parts; ++e) {
        stack.parts.push_back({.tensor = parameter.name,
                               .shape = parameter.shape,
                               .begin = e * elements,
                               .rows = elements / parameter.shape.back(),
                               .cols = parameter.shape.back()});
      }
    }
    return with_range(std::move(stack));
  }

  // The first or the second half of each expert's part of a stack of gate above up projections.
  Stack half_of_stack(const std::string& name, std::int64_t half) const {
    Stack stack = experts(name, Role::kExpertGateUp, false);
    for (Part& part : stack.parts) {
      part.rows /= 2;
      part.begin += half * part.num_elements();
    }
    return with_range(std::move(stack));
  }

  Stack with_range(Stack stack) const {
    const std::int64_t expert = stack.num_elements() / model_.num_experts;
    stack.keep_begin = range_.begin * expert;
    stack.keep_elements = range_.size() * expert;
    return stack;
  }

  const config::ModelConfig& model_;
  std::vector<ParameterSpec> all_;
  partition::ExpertRange range_;
};

}  // namespace

Request expert_request(const config::ModelConfig& model, config::Dtype dtype,
                       partition::ExpertRange range) {
  MOEBENCH_CHECK(0 <= range.begin && range.end <= model.num_experts);
  Request request{.dtype = dtype, .groups = {}};
  for (std::int64_t layer = 0; layer < model.num_layers; ++layer) {
    if (model.is_dense(layer)) continue;
    request.groups.push_back({.name = fmt::format("layers.{}", layer),
                              .stacks = LayerStacks(model, layer, range).all()});
  }
  return request;
}

}  // namespace moebench::load
